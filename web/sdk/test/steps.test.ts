import { expect, test } from 'vitest'
import { streamOf } from '../src/sink'
import { CALM_MS, CALM_MS_MAX, Meter, SETTLE_MS, STAND_MS, Steps, type Look } from '../src/steps'

const calm: Look = { now: 0, stalls: 0, standsMs: 0, kbps: 2000, neededKbps: 2000 }

/** Looks every 250 ms until a verdict; the time it came, or null when none did. */
function until(steps: Steps, from: number, to: number, look: (now: number) => Partial<Look>): [string, number] | null {
  for (let now = from; now <= to; now += 250) {
    const step = steps.verdict({ ...calm, ...look(now), now })
    if (step) return [step, now]
  }
  return null
}

test('one stumble on a line that brings what it should is no reason to step', () => {
  const steps = new Steps()
  expect(until(steps, 0, 15_000, (now) => ({ stalls: now > 5000 ? 1 : 0 }))).toBeNull()
})

test('a stall on a line that brings too little is', () => {
  const steps = new Steps()
  expect(until(steps, 0, 15_000, (now) => ({ stalls: now > 5000 ? 1 : 0, kbps: 900 }))).toEqual(['down', 5250])
})

test('so are two stalls in a row, and one that does not end', () => {
  expect(until(new Steps(), 0, 15_000, (now) => ({ stalls: now > 8000 ? 2 : now > 5000 ? 1 : 0 }))).toEqual(['down', 8250])
  const standing = until(new Steps(), 0, 15_000, (now) => ({ stalls: 1, standsMs: now }))
  expect(standing).toEqual(['down', STAND_MS + 250])
})

test('after a step the buffer has time to fill', () => {
  const steps = new Steps()
  steps.stepped('down', 0)
  expect(until(steps, 0, 60_000, () => ({ stalls: 3, standsMs: 3000 }))).toEqual(['down', SETTLE_MS])
})

test('calm brings it up again, and a stall begins the calm anew', () => {
  const steps = new Steps()
  steps.stepped('down', 0)
  expect(until(steps, 0, 60_000, () => ({}))).toEqual(['up', CALM_MS + 250])
  const disturbed = new Steps()
  disturbed.stepped('down', 0)
  const [, at] = until(disturbed, 0, 90_000, (now) => ({ stalls: now > 10_000 ? 1 : 0 })) ?? ['', 0]
  expect(at).toBeGreaterThan(10_000 + CALM_MS)
})

test('tries that fail come less and less often', () => {
  const steps = new Steps()
  let now = 0
  let stalls = 0
  const waits: number[] = []
  steps.stepped('down', now)
  for (let n = 0; n < 8; n++) {
    const [step, at] = until(steps, now, now + 400_000, () => ({ stalls })) ?? ['', 0]
    expect(step).toBe('up')
    waits.push(at - now)
    steps.stepped('up', at)
    stalls += 2
    const [back, then] = until(steps, at, at + 20_000, () => ({ stalls })) ?? ['', 0]
    expect(back).toBe('down')
    steps.stepped('down', then)
    now = then
  }
  for (let n = 1; n < 8; n++) expect(waits[n]!).toBeGreaterThanOrEqual(waits[n - 1]!)
  expect(waits[2]!).toBeGreaterThan(3 * waits[0]!)
  expect(waits.at(-1)!).toBeLessThanOrEqual(CALM_MS_MAX + 500)
})

test('a stall that was none is taken back', () => {
  const steps = new Steps()
  expect(steps.verdict({ ...calm, now: 5000, stalls: 1 })).toBeNull()
  expect(steps.verdict({ ...calm, now: 5250, stalls: 0 })).toBeNull()
  expect(until(steps, 25_250, 60_000, () => ({ stalls: 1, kbps: 2000 }))).toBeNull()
})

test('the meter counts what came lately', () => {
  const meter = new Meter()
  for (let now = 0; now < 8000; now += 100) meter.heard(now < 4000 ? 50_000 : 12_500, now)
  expect(meter.kbps(8000)).toBeGreaterThan(950)
  expect(meter.kbps(8000)).toBeLessThan(1050)
  expect(meter.kbps(20_000)).toBe(0)
})

test('streams of one timeline and one kind of tracks share a buffer', () => {
  const high = streamOf({ timeline: '7', codecs: 'avc1.64001f,mp4a.40.2' })
  expect(streamOf({ timeline: '7', codecs: 'avc1.42c01e,mp4a.40.2' })).toBe(high)
  expect(streamOf({ timeline: '8', codecs: 'avc1.64001f,mp4a.40.2' })).not.toBe(high)
  expect(streamOf({ timeline: '7', codecs: 'hvc1.1.6.L93.B0,mp4a.40.2' })).not.toBe(high)
  expect(streamOf({ timeline: '7', codecs: 'avc1.64001f' })).not.toBe(high)
})
