import { describe, expect, it, vi } from 'vitest'
import type { Share, Shares } from '@sdk/share'
import { useShareClip } from '../src/sharing/useShareClip'

function opened() {
  let made = 0
  const clip = vi.fn(async (_lastS: number, _at: number | null) => {
    const token = `t${++made}`
    return { token, clip_url: `/s/${token}/clip.mp4` } as Share
  })
  const letGo = vi.fn()
  return { clip, letGo, sheet: useShareClip({ clip } as unknown as Shares, letGo) }
}

describe('the clip of a share sheet', () => {
  it('is cut once for each stretch', async () => {
    const { clip, sheet } = opened()
    await sheet.make()
    await sheet.choose({ lastS: 30, at: null })
    await sheet.choose({ lastS: 15, at: null })
    expect(clip.mock.calls).toEqual([[15, null], [30, null]])
    expect(sheet.state.share!.token).toBe('t1')
  })

  it('is used up when it was sent: the next send is another share, the other length stays', async () => {
    const { clip, letGo, sheet } = opened()
    await sheet.make()
    await sheet.choose({ lastS: 30, at: null })
    sheet.spend(sheet.state.share!)
    expect(sheet.state.share).toBeNull()
    expect(letGo.mock.calls).toEqual([['/s/t2/clip.mp4']])
    await sheet.make()
    expect(sheet.state.share!.token).toBe('t3')
    await sheet.choose({ lastS: 15, at: null })
    expect(sheet.state.share!.token).toBe('t1')
    expect(clip).toHaveBeenCalledTimes(3)
  })

  it('of a chosen stretch is not asked for again, and the next sheet begins with the last seconds', async () => {
    const { clip, sheet } = opened()
    await sheet.choose({ lastS: 15, at: 90_000 })
    await sheet.choose({ lastS: 15, at: null })
    await sheet.choose({ lastS: 15, at: 90_000 })
    expect(clip.mock.calls).toEqual([[15, 90_000], [15, null]])
    sheet.forget()
    expect(sheet.stretch.value).toEqual({ lastS: 15, at: null })
  })

  it('is let go with all the others when the sheet opens anew', async () => {
    const { letGo, sheet } = opened()
    await sheet.make()
    await sheet.choose({ lastS: 30, at: null })
    sheet.forget()
    expect(letGo.mock.calls).toEqual([['/s/t1/clip.mp4'], ['/s/t2/clip.mp4']])
    expect(sheet.state.share).toBeNull()
  })
})
