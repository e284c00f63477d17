import { expect, test } from 'vitest'
import { judged } from '../src/line'

test.each([
  ['webrtc', 1500, 20, 0, 'good'],
  ['webrtc', 1500, 20, null, 'good'],
  ['webrtc', 800, 20, 0, 'weak'],
  ['webrtc', 1500, 450, 0, 'weak'],
  ['webrtc', 1500, 20, 0.05, 'weak'],
  ['webrtc', 1500, 20, 0.2, 'bad'],
  ['webrtc', 300, 20, 0, 'bad'],
  ['websocket', 4000, 20, null, 'good'],
  ['websocket', 2600, 20, null, 'weak'],
  ['websocket', 200, 20, null, 'bad'],
] as const)('a line by %s with %i kbps, %i ms, %f lost is %s', (way, kbps, rttMs, lost, quality) => {
  expect(judged(way, kbps, rttMs, lost, 2_500)).toBe(quality)
})
