import { describe, expect, it } from 'vitest'
import { Attempts, backoffMs, FIRST_BYTES_MS, HLS_PICTURE_MS, nextRoute, Patience, PICTURE_MS, SILENCE_MS, type Seen } from '../src/tries'

const fine = { failures: 0, swallowed: 0, dark: 0 }

describe('coming back', () => {
  it('backs off with jitter between half and whole', () => {
    expect(backoffMs(0, () => 0)).toBe(125)
    expect(backoffMs(0, () => 1)).toBe(250)
    expect(backoffMs(3, () => 1)).toBe(2000)
    expect(backoffMs(30, () => 1)).toBe(8000)
  })

  it('takes another way when one brings nothing', () => {
    const can = { mse: true, nativeHls: false }
    const ways = [0, 1, 2, 3, 4, 5].map((failures) => nextRoute({ ...fine, failures }, can))
    expect(ways).toEqual(['fetch', 'ws', 'fetch', 'ws', 'hlsjs', 'fetch'])
    const both = { mse: true, nativeHls: true }
    expect([4, 5, 6].map((failures) => nextRoute({ ...fine, failures }, both))).toEqual(['hlsjs', 'hls', 'fetch'])
    expect(nextRoute(fine, { mse: false, nativeHls: true })).toBe('hls')
    expect(nextRoute(fine, { mse: false, nativeHls: false })).toBe('none')
  })

  it('asks calmly again for a codec it does not know, and blames no way', () => {
    const attempts = new Attempts(() => 1)
    attempts.begin()
    expect(attempts.ended('codec')).toBe(10_000)
    expect(attempts.ended('closed')).toBe(250)
  })

  it('does not ask twice where streams are swallowed', () => {
    const can = { mse: true, nativeHls: false }
    const ways = [2, 3, 4].map((failures) => nextRoute({ ...fine, failures, swallowed: failures }, can))
    expect(ways).toEqual(['hlsjs', 'fetch', 'ws'])
  })

  it('leaves the playing to a browser that draws nothing of what it is fed', () => {
    const dark = { failures: 2, swallowed: 0, dark: 2 }
    expect(nextRoute(dark, { mse: true, nativeHls: true })).toBe('hls')
    expect(nextRoute(dark, { mse: true, nativeHls: false })).toBe('fetch')
  })

  it('does not blame the way when the host is away', () => {
    const attempts = new Attempts(() => 1)
    attempts.begin()
    const first = attempts.ended('http_404')
    attempts.begin()
    const second = attempts.ended('http_404')
    expect(attempts.setbacks).toEqual(fine)
    expect(second).toBeGreaterThan(first)
    attempts.begin()
    attempts.ended('network')
    expect(attempts.setbacks.failures).toBe(1)
    attempts.begin()
    attempts.bytes()
    attempts.ended('closed')
    expect(attempts.setbacks.failures).toBe(1)
    attempts.shown()
    expect(attempts.setbacks).toEqual(fine)
    expect(attempts.ended('closed')).toBe(250)
  })

  it('tells silence and darkness from refusal', () => {
    const attempts = new Attempts(() => 1)
    attempts.begin()
    attempts.ended('silent')
    expect(attempts.setbacks).toEqual({ failures: 1, swallowed: 1, dark: 0 })
    attempts.begin()
    attempts.bytes()
    attempts.ended('stuck')
    expect(attempts.setbacks).toEqual({ failures: 2, swallowed: 1, dark: 1 })
    attempts.begin()
    attempts.bytes()
    attempts.ended('silent')
    expect(attempts.setbacks.failures).toBe(2)
  })
})

describe('patience', () => {
  const seen: Seen = { now: 0, isLine: true, hidden: false, silentMs: 0, hasBytes: false, hasPicture: false, failures: 0 }

  it('waits two seconds for the first bytes, longer when another way has failed', () => {
    const patience = new Patience()
    patience.begin(0)
    expect(patience.verdict({ ...seen, now: FIRST_BYTES_MS, silentMs: FIRST_BYTES_MS })).toBeNull()
    expect(patience.verdict({ ...seen, now: 2001, silentMs: FIRST_BYTES_MS + 1 })).toBe('silent')
    expect(patience.verdict({ ...seen, now: 2001, silentMs: FIRST_BYTES_MS + 1, failures: 1 })).toBeNull()
    patience.bytes()
    expect(patience.verdict({ ...seen, now: 9000, silentMs: SILENCE_MS })).toBeNull()
    expect(patience.verdict({ ...seen, now: 9000, silentMs: SILENCE_MS + 1 })).toBe('silent')
  })

  it('gives up on bytes that are never drawn, but only in sight', () => {
    const patience = new Patience()
    patience.begin(0)
    patience.bytes()
    // A slow line that has not brought the first picture yet is slow, not broken.
    expect(patience.verdict({ ...seen, now: 8000 })).toBeNull()
    expect(patience.verdict({ ...seen, now: 8000 + PICTURE_MS, hasBytes: true })).toBeNull()
    expect(patience.verdict({ ...seen, now: 30_000, hasBytes: true, hidden: true })).toBeNull()
    expect(patience.verdict({ ...seen, now: 30_001 + PICTURE_MS, hasBytes: true })).toBe('stuck')
  })

  it('is content once there was a picture', () => {
    const patience = new Patience()
    patience.begin(0)
    patience.bytes()
    expect(patience.verdict({ ...seen, now: 1, hasBytes: true, hasPicture: true })).toBeNull()
    expect(patience.verdict({ ...seen, now: 60_000, hasBytes: true })).toBeNull()
  })

  it('gives HLS the time for its lists', () => {
    const patience = new Patience()
    patience.begin(0)
    expect(patience.verdict({ ...seen, isLine: false, silentMs: 60_000, now: HLS_PICTURE_MS })).toBeNull()
    expect(patience.verdict({ ...seen, isLine: false, now: HLS_PICTURE_MS + 1 })).toBe('stuck')
  })
})
