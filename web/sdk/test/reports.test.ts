import { describe, expect, it } from 'vitest'
import type { PlayerStats } from '../src/boot-handle'
import { isSampled, outcome, reasonOf } from '../src/reports'

const stats: PlayerStats = { startedMs: 300, firstFrameMs: 0, appMs: 0, behindLiveMs: 0, stalls: 0, stalledMs: 0, route: 'fetch' }

describe('reports', () => {
  it('come from everybody in a small room, from some 500 of a large one', () => {
    expect(isSampled(499, () => 0.999)).toBe(true)
    expect(isSampled(5000, () => 0.101)).toBe(false)
    expect(isSampled(5000, () => 0.099)).toBe(true)
  })

  it('tell the start once it is decided', () => {
    expect(outcome('connecting', stats, 9000)).toBeNull()
    expect(outcome('connecting', stats, 10_301)).toBe('failed')
    expect(outcome('cannot_play', stats, 400)).toBe('failed')
    expect(outcome('refused', stats, 400)).toBe('refused')
    expect(outcome('playing', { ...stats, firstFrameMs: 380 }, 400)).toBe('shown')
    // A refused video draws its first frame all the same, and stands.
    expect(outcome('refused', { ...stats, firstFrameMs: 380 }, 400)).toBe('refused')
    // The host is away: nothing to play is no failed start.
    expect(outcome('waiting', { ...stats, startedMs: 0 }, 60_000)).toBeNull()
  })

  it('name reasons from a short list', () => {
    expect(reasonOf(undefined)).toBe('late')
    expect(reasonOf('http_503')).toBe('http')
    expect(reasonOf('silent')).toBe('silent')
    expect(reasonOf('NotSupportedError')).toBe('other')
  })
})
