import { describe, expect, it } from 'vitest'
import { healthWord, worst } from '@app/studio/live/health'
import { localInput, utcOf } from '@app/studio/live/schedule'
import type { Finding, Ingest } from '@app/studio/types'

function ingest(last_frame_age_ms: number, ...levels: Finding['level'][]): Ingest {
  const picture = { width: 720, height: 1280, codecs: '', frames_dropped: 0, connected_s: 60 }
  const health = { fps: 30, bitrate_kbps: 1500, last_frame_age_ms, ...picture }
  const findings = levels.map((level) => ({ code: level, level, value: 0, text: '', text_en: '' }))
  return { rtmp_url: '', stream_key: '', publishing: true, shut: false, log: [], health, findings, rungs: [] }
}

describe('health of the picture', () => {
  it('is a word', () => {
    expect(healthWord(ingest(200), 'live')).toBe('good')
    expect(healthWord(ingest(200, 'hint'), 'live')).toBe('good')
    expect(healthWord(ingest(200, 'weak', 'hint'), 'live')).toBe('weak')
    expect(healthWord(ingest(200, 'bad'), 'live')).toBe('weak')
    expect(healthWord(ingest(4000), 'live')).toBe('bad')
  })
  it('names what is most worth changing, and leaves hints to the panel', () => {
    expect(worst(ingest(200, 'bad', 'weak'))?.level).toBe('bad')
    expect(worst(ingest(200, 'hint'))).toBeNull()
    expect(worst(null)).toBeNull()
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
