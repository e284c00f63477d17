/**
 * Watches a live room as everybody does, in a frame of this page, and reads off its player what it
 * measured: the way the video came, the first frame, the distance from the newest frame.
 */
import type { BootHandle } from '@sdk/boot-handle'

export interface Watched {
  room: string
  outcome: 'shown' | 'refused' | 'none'
  route: string
  codecs: string
  firstFrameMs: number
  openedMs: number
  behindMs: number
  stalls: number
  reason: string
}

const PATIENCE_MS = 15_000
/** The delay settles for this long after the first frame. */
const SETTLE_MS = 6000
const LOOK_MS = 100

interface Listed {
  id: string
  status: string
  publishing: boolean
}

/** The room asked for by `?room=`, or the first that is live; null when none is. */
export function liveRoom(): Promise<string | null> {
  const asked = /[?&]room=([\w-]{1,64})/.exec(location.search)
  if (asked) return Promise.resolve(asked[1]!)
  return fetch('/api/v1/rooms')
    .then((answer) => answer.json() as Promise<{ items: Listed[] }>)
    .then(({ items }) => items.filter((room) => room.status === 'live' && room.publishing)[0]?.id ?? null)
    .catch(() => null)
}

export function watch(room: string, frame: HTMLIFrameElement): Promise<Watched> {
  const began = Date.now()
  frame.src = `/r/${room}`
  frame.hidden = false
  return new Promise((done) => {
    let shownAt = 0
    const timer = setInterval(() => {
      const yh = (frame.contentWindow as (Window & { __yh?: BootHandle }) | null)?.__yh
      const refused = yh?.phase === 'refused'
      if (yh?.stats.firstFrameMs && !shownAt) shownAt = Date.now()
      const late = !shownAt && Date.now() - began > PATIENCE_MS
      if (!refused && !late && (!shownAt || Date.now() - shownAt < SETTLE_MS)) return
      clearInterval(timer)
      done(read(room, yh, refused ? 'refused' : shownAt ? 'shown' : 'none'))
      frame.hidden = true
      frame.src = 'about:blank'
    }, LOOK_MS)
  })
}

function read(room: string, yh: BootHandle | undefined, outcome: Watched['outcome']): Watched {
  const stats = yh?.stats
  return {
    room,
    outcome,
    route: stats?.route ?? '',
    codecs: yh?.codecs ?? '',
    firstFrameMs: stats ? Math.max(0, Math.round(stats.firstFrameMs - stats.startedMs)) : 0,
    openedMs: Math.round(stats?.firstFrameMs ?? 0),
    behindMs: stats?.behindLiveMs ?? 0,
    stalls: stats?.stalls ?? 0,
    reason: yh?.reason ?? '',
  }
}
