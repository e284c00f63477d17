import { describe, expect, it } from 'vitest'
import { covers, lastOf, momentAt, positionOf, totalMs, type Span } from '../src/rewind'

const at = (seconds: number): number => Date.parse('2026-01-01T12:00:00Z') + seconds * 1000
const iso = (seconds: number): string => new Date(at(seconds)).toISOString()
// Twelve seconds, a host who was away for half a minute, six seconds.
const spans: Span[] = [
  { at: iso(0), from_ms: 0, ms: 12_000 },
  { at: iso(42), from_ms: 12_000, ms: 6_000 },
]

describe('the time line', () => {
  it('joins positions and times of day over a gap', () => {
    expect(totalMs(spans)).toBe(18_000)
    expect(totalMs([])).toBe(0)
    for (const [position, seconds] of [[0, 0], [11_000, 11], [12_000, 42], [17_000, 47]] as const) {
      expect(momentAt(spans, position)).toBe(at(seconds))
      expect(positionOf(spans, at(seconds))).toBe(position)
    }
  })

  it('puts what nobody recorded at the edge', () => {
    expect(positionOf(spans, at(-5))).toBe(0)
    expect(positionOf(spans, at(30))).toBe(12_000)
    expect(positionOf(spans, at(500))).toBe(18_000)
    expect(momentAt(spans, 60_000)).toBe(at(48))
    expect(momentAt([], 5)).toBe(0)
  })

  it('knows what was recorded', () => {
    expect([-1, 0, 11.9, 12, 30, 42, 47.9, 48].filter((seconds) => covers(spans, at(seconds)))).toEqual([0, 11.9, 42, 47.9])
    expect(covers([], at(0))).toBe(false)
  })

  it('finds the last that fits', () => {
    expect(lastOf([1, 2, 3, 4], (n) => n < 3)).toBe(2)
    expect(lastOf([], () => true)).toBeNull()
  })
})
