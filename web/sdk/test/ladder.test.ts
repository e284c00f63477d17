import { afterEach, expect, test, vi } from 'vitest'
import type { PlayerStats } from '../src/boot-handle'
import { Ladder, SOUND } from '../src/ladder'

const media = { stream: '/live/tea/stream.mp4?ticket=t', ws: '/live/tea/ws', hls: '/live/tea/master.m3u8' }
const stats = (route = 'fetch'): PlayerStats => ({
  startedMs: 1, firstFrameMs: 2, appMs: 3, behindLiveMs: 0, stalls: 0, stalledMs: 0, route,
})
const offers = {
  rungs: [
    { rung: '', width: 720, height: 1280, kbps: 2000, codecs: 'avc1.64001f,mp4a.40.2' },
    { rung: '480', width: 270, height: 480, kbps: 500, codecs: 'avc1.64001f,mp4a.40.2' },
  ],
  sound: { kbps: 96, codecs: 'mp4a.40.2' },
}

afterEach(() => vi.unstubAllGlobals())

test('the sound alone is asked for on every way, and given back to the picture', () => {
  const moves: (string | undefined)[] = []
  const ladder: Ladder = new Ladder({ media }, stats(), () => moves.push(ladder.way?.stream))
  ladder.choose(SOUND)
  expect(ladder.way).toEqual({
    stream: '/live/tea/stream.mp4?ticket=t&rung=audio', ws: '/live/tea/ws?rung=audio', hls: '/live/tea/audio.m3u8',
  })
  expect(ladder.soundOnly).toBe(false) // until it comes
  ladder.took(SOUND)
  expect(ladder.soundOnly).toBe(true)
  ladder.choose(null)
  expect(ladder.way).toEqual(media)
  expect(ladder.soundOnly).toBe(false)
  expect(moves).toEqual(['/live/tea/stream.mp4?ticket=t&rung=audio', '/live/tea/stream.mp4?ticket=t'])
})

test('a show that lost its sound shows its picture, whatever was chosen', () => {
  const ladder = new Ladder({ media }, stats(), () => undefined)
  ladder.choose(SOUND)
  ladder.took('')
  expect(ladder.soundOnly).toBe(false)
})

test('over HLS what was chosen is what comes', () => {
  const ladder = new Ladder({ media }, stats('hlsjs'), () => undefined)
  ladder.choose(SOUND)
  expect(ladder.soundOnly).toBe(true)
})

test('trouble steps down to the smallest picture and never to the sound', async () => {
  vi.stubGlobal('document', { visibilityState: 'visible' })
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(offers)))
  let now = 10_000
  vi.stubGlobal('performance', { now: () => now })
  const asked: string[] = []
  const ladder: Ladder = new Ladder({ media }, stats(), () => asked.push(ladder.way!.ws))
  await ladder.ask()
  expect(ladder.sound).toEqual(offers.sound)
  for (; now < 60_000; now += 250) ladder.look(true, 2000)
  expect(asked).toEqual(['/live/tea/ws?rung=480'])
})
