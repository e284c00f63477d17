import { describe, expect, it } from 'vitest'
import { keepPace, nextTarget, prunable, TARGET_MAX_S, TARGET_S } from '../src/pace'

const calm = { rate: 1, target: TARGET_S, eager: false }

describe('keepPace', () => {
  it('waits for the first bytes', () => {
    expect(keepPace({ ...calm, at: 0, buffered: [] })).toEqual({ rate: 1, seekTo: null })
  })

  it('plays on at the target', () => {
    expect(keepPace({ ...calm, at: 9.6, buffered: [{ start: 0, end: 10 }] })).toEqual({ rate: 1, seekTo: null })
  })

  it('lets a little jitter pass, but finishes a catch-up once begun', () => {
    const buffered = [{ start: 0, end: 10 }]
    expect(keepPace({ ...calm, at: 9.5, buffered }).rate).toBe(1)
    expect(keepPace({ ...calm, rate: 1.1, at: 9.5, buffered }).rate).toBeGreaterThan(1)
  })

  it('hurries between 1.05 and 1.2 up to a second too late', () => {
    for (const late of [0.2, 0.5, 0.9]) {
      const { rate, seekTo } = keepPace({ ...calm, at: 10 - TARGET_S - late, buffered: [{ start: 0, end: 10 }] })
      expect(seekTo).toBeNull()
      expect(rate).toBeGreaterThanOrEqual(1.05)
      expect(rate).toBeLessThanOrEqual(1.2)
    }
  })

  it('jumps when more than a second too late', () => {
    expect(keepPace({ ...calm, at: 5, buffered: [{ start: 0, end: 10 }] })).toEqual({ rate: 1, seekTo: 10 - TARGET_S })
  })

  it('jumps sooner when it has just joined', () => {
    expect(keepPace({ ...calm, eager: true, at: 9, buffered: [{ start: 0, end: 10 }] }).seekTo).toBe(10 - TARGET_S)
  })

  it('jumps over a gap instead of waiting in it', () => {
    const buffered = [{ start: 0, end: 4 }, { start: 6, end: 10 }]
    expect(keepPace({ ...calm, at: 4, buffered }).seekTo).toBe(10 - TARGET_S)
    expect(keepPace({ ...calm, at: 4, buffered: [{ start: 0, end: 4 }, { start: 5, end: 6 }, { start: 8, end: 10 }] }).seekTo).toBeCloseTo(5.01)
  })

  it('never jumps before the start of what is there', () => {
    const { seekTo } = keepPace({ ...calm, at: 0, buffered: [{ start: 100, end: 100.2 }] })
    expect(seekTo).toBeGreaterThanOrEqual(100)
  })

  it('starves quietly at the very end', () => {
    expect(keepPace({ ...calm, at: 10, buffered: [{ start: 0, end: 10 }] })).toEqual({ rate: 1, seekTo: null })
  })
})

describe('distance', () => {
  it('grows with every stall up to a limit and comes back in calm', () => {
    let target = TARGET_S
    for (let i = 0; i < 20; i++) target = nextTarget(target, true, 0)
    expect(target).toBe(TARGET_MAX_S)
    expect(nextTarget(target, false, 5)).toBe(target)
    expect(nextTarget(target, false, 20)).toBeLessThan(target)
    expect(nextTarget(TARGET_S, false, 99)).toBe(TARGET_S)
  })

  it('keeps ten seconds behind the picture', () => {
    expect(prunable(12, [{ start: 0, end: 13 }])).toBeNull()
    expect(prunable(20, [{ start: 0, end: 21 }])).toEqual({ start: 0, end: 10 })
    expect(prunable(20, [])).toBeNull()
  })
})
