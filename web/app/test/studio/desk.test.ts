import { describe, expect, it } from 'vitest'
import { healthWord } from '@app/studio/live/health'
import { localInput, utcOf } from '@app/studio/live/schedule'
import type { Ingest } from '@app/studio/types'

function ingest(fps: number, bitrate_kbps: number, last_frame_age_ms: number): Ingest {
  const picture = { width: 720, height: 1280, codecs: '', frames_dropped: 0, connected_s: 60 }
  const health = { fps, bitrate_kbps, last_frame_age_ms, ...picture }
  return { rtmp_url: '', stream_key: '', publishing: true, log: [], health }
}

describe('health of the picture', () => {
  it('is a word', () => {
    expect(healthWord(ingest(30, 1500, 200), 'live')).toBe('good')
    expect(healthWord(ingest(9, 1500, 200), 'live')).toBe('weak')
    expect(healthWord(ingest(30, 120, 200), 'live')).toBe('weak')
    expect(healthWord(ingest(30, 1500, 4000), 'live')).toBe('bad')
  })
  it('before the show nothing is wrong yet', () => {
    expect(healthWord(null, 'upcoming')).toBe('waiting')
    expect(healthWord(null, 'live')).toBe('bad')
  })
})

describe('the starting time', () => {
  it('goes through a local input and back', () => {
    const iso = '2026-12-01T12:30:00.000Z'
    expect(utcOf(localInput(iso))).toBe(iso)
    expect(localInput(null)).toBe('')
    expect(utcOf('')).toBeNull()
    expect(utcOf('not a time')).toBeNull()
  })
})
