import { describe, expect, it, vi } from 'vitest'
import type { Share, Shares } from '@sdk/share'
import { useShareClip } from '../src/sharing/useShareClip'

function opened() {
  let made = 0
  const clip = vi.fn(async (_lastS: number) => {
    const token = `t${++made}`
    return { token, clip_url: `/s/${token}/clip.mp4` } as Share
  })
  const letGo = vi.fn()
  return { clip, letGo, sheet: useShareClip({ clip } as unknown as Shares, letGo) }
}

describe('the clip of a share sheet', () => {
  it('is cut once for each length', async () => {
    const { clip, sheet } = opened()
    await sheet.make()
    sheet.lengthS.value = 30
    await sheet.make()
    sheet.lengthS.value = 15
    await sheet.make()
    expect(clip.mock.calls).toEqual([[15], [30]])
    expect(sheet.state.share!.token).toBe('t1')
  })

  it('is used up when it was sent: the next send is another share, the other length stays', async () => {
    const { clip, letGo, sheet } = opened()
    await sheet.make()
    sheet.lengthS.value = 30
    await sheet.make()
    sheet.spend(sheet.state.share!)
    expect(sheet.state.share).toBeNull()
    expect(letGo.mock.calls).toEqual([['/s/t2/clip.mp4']])
    await sheet.make()
    expect(sheet.state.share!.token).toBe('t3')
    sheet.lengthS.value = 15
    await sheet.make()
    expect(sheet.state.share!.token).toBe('t1')
    expect(clip).toHaveBeenCalledTimes(3)
  })

  it('is let go with all the others when the sheet opens anew', async () => {
    const { letGo, sheet } = opened()
    await sheet.make()
    sheet.lengthS.value = 30
    await sheet.make()
    sheet.forget()
    expect(letGo.mock.calls).toEqual([['/s/t1/clip.mp4'], ['/s/t2/clip.mp4']])
    expect(sheet.state.share).toBeNull()
  })
})
