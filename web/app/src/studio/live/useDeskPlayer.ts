/**
 * The picture on the desk: the viewers' own player, muted, on a video of this page.
 *
 * The room documents hand the player a video that is already playing; here it starts from
 * nothing, so the handle is an empty one.
 */
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'
import type { BootHandle } from '@sdk/boot-handle'
import { Player } from '@sdk/player'

function handleFor(video: HTMLVideoElement, roomId: string): BootHandle {
  const at = `/live/${roomId}`
  const media = { stream: `${at}/stream.mp4`, ws: `${at}/ws`, hls: `${at}/index.m3u8`, poster: `${at}/poster.jpg`, w: 0, h: 0 }
  return {
    data: { room: { id: roomId, status: 'live' }, media } as BootHandle['data'],
    video,
    source: null,
    buffer: null,
    abort: null,
    queue: [],
    codecs: '',
    epoch: '',
    timeline: '',
    rung: '',
    phase: 'idle',
    early: '',
    beacon: null,
    stats: { startedMs: performance.now(), firstFrameMs: 0, appMs: 0, behindLiveMs: 0, stalls: 0, stalledMs: 0, route: 'fetch' },
    bytes: () => undefined,
    drain: () => undefined,
    end: () => undefined,
    play: () => undefined,
  }
}

export function useDeskPlayer(
  video: Readonly<Ref<HTMLVideoElement | null>>,
  roomId: () => string,
  wanted: Ref<boolean>,
) {
  const playing = ref(false)
  let player: Player | null = null

  watch([video, wanted], ([element, live]) => {
    if (!element) return
    if (!player && live) {
      player = new Player(handleFor(element, roomId()))
      player.phaseChanged.on((phase) => (playing.value = phase === 'playing' || phase === 'waiting'))
    } else player?.expect({ live, slate: false })
  })
  onBeforeUnmount(() => player?.close())
  return { playing }
}
