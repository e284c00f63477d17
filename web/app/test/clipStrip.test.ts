import { describe, expect, it } from 'vitest'
import type { Room } from '@sdk/room'
import { moved, useClipStrip } from '../src/sharing/useClipStrip'

const strip = { begin: 1_000_000, end: 1_120_000 }
const part = { begin: 1_090_000, end: 1_105_000 }

describe('the part of the strip that travels', () => {
  it('follows the thumb as a whole, up to the ends of the strip', () => {
    expect(moved(part, 'all', -20_000, strip)).toEqual({ begin: 1_070_000, end: 1_085_000 })
    expect(moved(part, 'all', 99_000, strip)).toEqual({ begin: 1_105_000, end: 1_120_000 })
    expect(moved(part, 'all', -999_000, strip)).toEqual({ begin: 1_000_000, end: 1_015_000 })
  })

  it('is never shorter than three seconds', () => {
    expect(moved(part, 'begin', 60_000, strip)).toEqual({ begin: 1_102_000, end: 1_105_000 })
    expect(moved(part, 'end', -60_000, strip)).toEqual({ begin: 1_090_000, end: 1_093_000 })
  })

  it('is never longer than a minute, and never leaves the strip', () => {
    expect(moved(part, 'begin', -999_000, strip)).toEqual({ begin: 1_045_000, end: 1_105_000 })
    expect(moved(part, 'end', 999_000, strip)).toEqual({ begin: 1_090_000, end: 1_120_000 })
  })
})

const span = (at: string, from_ms: number, ms: number) => ({ at: `2026-11-23T${at}Z`, from_ms, ms })
const spans = (replay: object): number => (replay as { spans: object[] }).spans.length
const face = (at: string) => ({ at: `2026-11-23T${at}Z`, url: at })

describe('the strip', () => {
  const opened = async (replay: object, at: number | null) => {
    const get = async (path: string) => (path.includes('/moment') ? { position_ms: spans(replay) ? 1 : null } : replay)
    const room = { id: 'r', client: { get }, shown: () => ({ at, product: null }), now: () => 0 }
    const strip = useClipStrip(room as unknown as Room)
    await strip.load()
    return strip
  }
  const broken = {
    spans: [span('20:00:00', 0, 60_000), span('20:10:00', 60_000, 20_000)],
    faces: [face('20:00:00'), face('20:00:30'), face('20:10:00')],
  }

  it('leaves out the breaks of the stream and goes back to the same stretch', async () => {
    const strip = await opened(broken, null)
    expect(strip.state.strip).toEqual({ begin: 0, end: 80_000 })
    expect(strip.frames.value.slice(-3)).toEqual(['20:00:30', '20:10:00', '20:10:00'])
    const part = { begin: 20_000, end: 35_000 }
    const stretch = strip.stretchOf(part)
    expect(stretch).toEqual({ lastS: 15, at: Date.parse('2026-11-23T20:00:35Z') })
    expect(strip.partOf(stretch)).toEqual(part)
    expect(strip.partOf({ lastS: 15, at: null })).toEqual({ begin: 65_000, end: 80_000 })
  })

  it('ends at what is on screen, and is none where too little was seen', async () => {
    const at = Date.parse('2026-11-23T20:00:40Z')
    expect((await opened(broken, at)).state.strip).toEqual({ begin: 0, end: 40_000 })
    expect((await opened(broken, at - 35_000)).state.strip).toBeNull()
    expect((await opened({ spans: [], faces: [] }, null)).state.strip).toBeNull()
  })
})
