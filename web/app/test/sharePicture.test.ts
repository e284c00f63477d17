import { effectScope, nextTick, ref, shallowRef } from 'vue'
import { describe, expect, it, vi } from 'vitest'
import type { Client } from '@sdk/client'
import type { Share } from '@sdk/share'
import { useSharePicture } from '../src/sharing/useSharePicture'

const lin = { token: 't1', card_url: '/s/t1/card.jpg', poster_url: '/s/t1/poster.jpg' } as Share

type Wanted = NonNullable<Parameters<typeof useSharePicture>[2]['value']>

function opened(blob: (path: string) => Promise<Blob>) {
  const share = shallowRef<Share | null>(null)
  const choice = ref<Wanted>({ shows: 'card', isFile: false, id: 'x' })
  const scope = effectScope()
  const picture = scope.run(() => useSharePicture({ blob } as unknown as Client, share, choice))!
  return { share, choice, scope, ...picture }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await nextTick()
}

describe('the picture of a share', () => {
  it('is fetched once: what is shown is what is saved', async () => {
    let drawn = 0
    const blob = vi.fn(async (path: string) => new Blob([`${path} drawing ${++drawn}`]))
    const { share, choice, state, scope } = opened(blob)
    share.value = lin
    await settled()
    expect(await state.picture!.file.text()).toBe('/s/t1/card.jpg drawing 1')
    expect(await (await fetch(state.picture!.url)).text()).toBe('/s/t1/card.jpg drawing 1')
    choice.value = { shows: 'poster', isFile: false, id: 'x' }
    await settled()
    expect(state.picture!.file.name).toBe('yaohe-poster.jpg')
    choice.value = { shows: 'card', isFile: false, id: 'x' }
    await settled()
    expect(await state.picture!.file.text()).toBe('/s/t1/card.jpg drawing 1')
    expect(blob).toHaveBeenCalledTimes(2)
    const { url } = state.picture!
    scope.stop()
    await expect(fetch(url)).rejects.toThrow()
  })

  it('never shows a card where the poster goes out, however late it comes', async () => {
    const answers: Record<string, (blob: Blob) => void> = {}
    const { share, choice, state } = opened((path) => new Promise((done) => (answers[path] = done)))
    share.value = lin
    await settled()
    choice.value = { shows: 'poster', isFile: false, id: 'x' }
    await settled()
    answers['/s/t1/card.jpg']!(new Blob(['card']))
    await settled()
    expect(state.picture).toBeNull()
    answers['/s/t1/poster.jpg']!(new Blob(['poster']))
    await settled()
    expect(await state.picture!.file.text()).toBe('poster')
  })

  it('has none for a link, and can be asked again after a failure', async () => {
    const blob = vi.fn().mockRejectedValueOnce(new Error('offline')).mockResolvedValueOnce(new Blob(['card']))
    const { share, choice, state, retry } = opened(blob)
    share.value = lin
    await settled()
    expect(state.broken).toBe(true)
    await retry()
    expect(state).toMatchObject({ broken: false, picture: { address: '/s/t1/card.jpg' } })
    choice.value = { shows: 'link', isFile: false, id: 'x' }
    await settled()
    expect(state.picture).toBeNull()
  })

  it('drops the bytes of a clip that is not asked for again, also when they come late', async () => {
    let come: (blob: Blob) => void = () => undefined
    const { share, choice, state, letGo } = opened((path) =>
      path.includes('/t1/') ? Promise.resolve(new Blob(['clip'])) : new Promise((done) => (come = done)))
    choice.value = { shows: 'clip', isFile: true, id: 'save_clip' }
    share.value = { ...lin, clip_url: '/s/t1/clip.mp4' }
    await settled()
    const { url } = state.picture!
    share.value = { ...lin, clip_url: '/s/t2/clip.mp4' }
    letGo('/s/t1/clip.mp4')
    await expect(fetch(url)).rejects.toThrow()
    await settled()
    letGo('/s/t2/clip.mp4')
    const made = vi.spyOn(URL, 'createObjectURL')
    come(new Blob(['late']))
    await settled()
    expect(made).not.toHaveBeenCalled()
    made.mockRestore()
  })

  it('says for which channel a picture leaves as a file', async () => {
    const blob = vi.fn(async () => new Blob(['square']))
    const { share, choice } = opened(blob)
    choice.value = { shows: 'square', isFile: true, id: 'douyin' }
    share.value = lin
    await settled()
    expect(blob).toHaveBeenCalledWith('/s/t1/square.jpg?for=douyin')
  })
})
