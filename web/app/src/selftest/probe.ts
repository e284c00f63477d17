/**
 * What this browser can do, by asking it and by trying, never by its name. Nothing here may throw:
 * the page exists for browsers in which something is missing.
 */
export type Answer = 'yes' | 'no' | 'unknown'

export interface Probe {
  name: 'mse' | 'native_hls' | 'h264' | 'hevc' | 'av1' | 'opus' | 'stream' | 'socket' | 'autoplay' | 'small_window' | 'webcodecs' | 'webrtc'
  answer: Answer
  /** More exact than yes or no, for the report: which class, how many milliseconds. */
  detail: string
}

interface Scope {
  ManagedMediaSource?: typeof MediaSource
  MediaSource?: typeof MediaSource
}

export const CODECS = {
  h264: 'video/mp4; codecs="avc1.640028,mp4a.40.2"',
  hevc: 'video/mp4; codecs="hvc1.1.6.L93.B0"',
  av1: 'video/mp4; codecs="av01.0.05M.08"',
  opus: 'audio/mp4; codecs="opus"',
} as const

const PATIENCE_MS = 4000

const word = (can: unknown): Answer => (can ? 'yes' : 'no')
const has = (name: string): boolean => name in window

function source(): { name: string; ask: (type: string) => boolean } | null {
  const scope = window as unknown as Scope
  for (const name of ['ManagedMediaSource', 'MediaSource'] as const) {
    const found = scope[name]
    if (found) return { name, ask: (type) => found.isTypeSupported(type) }
  }
  return null
}

function safely(probe: () => Probe, name: Probe['name']): Probe {
  try {
    return probe()
  } catch (error) {
    return { name, answer: 'unknown', detail: String(error) }
  }
}

/** All that is known without waiting. */
export function known(): Probe[] {
  const video = document.createElement('video')
  const by = source()
  const codec = (name: keyof typeof CODECS): Probe =>
    safely(() => {
      const plays = video.canPlayType(CODECS[name])
      return { name, answer: word(by ? by.ask(CODECS[name]) : plays), detail: by ? by.name : plays }
    }, name)
  const codecs = Object.keys(CODECS) as (keyof typeof CODECS)[]
  return [
    { name: 'mse', answer: word(by), detail: by ? by.name : '' },
    safely(() => {
      const plays = video.canPlayType('application/vnd.apple.mpegurl')
      return { name: 'native_hls', answer: word(plays), detail: plays }
    }, 'native_hls'),
    ...codecs.map(codec),
    { name: 'small_window', answer: word(document.pictureInPictureEnabled || 'webkitSetPresentationMode' in video), detail: '' },
    { name: 'webcodecs', answer: word(has('VideoEncoder')), detail: has('AudioEncoder') ? 'audio' : '' },
    { name: 'webrtc', answer: word(has('RTCPeerConnection')), detail: '' },
  ]
}

function within<T>(work: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([
    work.catch(() => otherwise),
    new Promise<T>((done) => setTimeout(() => done(otherwise), PATIENCE_MS)),
  ])
}

/** Reads a small answer piece by piece, as the player reads the video. */
function stream(): Promise<Probe> {
  const no: Probe = { name: 'stream', answer: 'no', detail: '' }
  if (!has('fetch') || !has('ReadableStream')) return Promise.resolve(no)
  const read = fetch('/healthz', { cache: 'no-store' }).then((answer): Promise<Probe> | Probe => {
    if (!answer.body || !answer.body.getReader) return no
    return answer.body.getReader().read().then(({ value }) => ({ ...no, answer: word(value && value.length) }))
  })
  return within(Promise.resolve(read), no)
}

/** Opens the room's own socket: proxies that block it are found only by trying. */
function socket(): Promise<Probe> {
  const no: Probe = { name: 'socket', answer: 'no', detail: '' }
  if (!has('WebSocket')) return Promise.resolve(no)
  const opened = new Promise<Probe>((done) => {
    const began = Date.now()
    const line = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rt`)
    line.onopen = () => {
      line.close()
      done({ name: 'socket', answer: 'yes', detail: `${Date.now() - began} ms` })
    }
    line.onerror = () => done(no)
  })
  return within(opened, no)
}

/** A drawn picture as a muted video: whether it starts without a tap. */
function autoplay(): Promise<Probe> {
  const unknown: Probe = { name: 'autoplay', answer: 'unknown', detail: '' }
  const canvas = document.createElement('canvas') as HTMLCanvasElement & { captureStream?: (rate: number) => MediaStream }
  canvas.getContext('2d')?.fillRect(0, 0, 1, 1)
  if (!canvas.captureStream) return Promise.resolve(unknown)
  const video = document.createElement('video')
  video.muted = true
  video.setAttribute('playsinline', '')
  video.srcObject = canvas.captureStream(5)
  const played = video.play().then(
    (): Probe => ({ ...unknown, answer: 'yes' }),
    (error: Error): Probe => ({ ...unknown, answer: error.name === 'NotAllowedError' ? 'no' : 'unknown', detail: error.name }),
  )
  return within(played, unknown)
}

export function tried(): Promise<Probe>[] {
  return [stream(), socket(), autoplay()]
}

/** The quickest of a few, in milliseconds; null when there is no answer. */
export function roundTrip(times = 4): Promise<number | null> {
  if (!has('fetch') || !has('performance')) return Promise.resolve(null)
  const once = (): Promise<number> => {
    const began = performance.now()
    return fetch('/healthz', { cache: 'no-store' }).then(() => performance.now() - began)
  }
  let best: Promise<number> = once()
  for (let i = 1; i < times; i++) best = best.then((before) => once().then((now) => Math.min(before, now)))
  return within<number | null>(best, null)
}

export type Verdict = 'good' | 'slow' | 'bad'

/** Whether it can play the usual stream at all, and whether as quickly as it comes. */
export function verdict(probes: Pick<Probe, 'name' | 'answer'>[]): Verdict {
  const can = (name: Probe['name']): boolean => probes.some((probe) => probe.name === name && probe.answer === 'yes')
  if (can('mse') && can('h264') && (can('stream') || can('socket'))) return 'good'
  return (can('mse') && can('h264')) || can('native_hls') ? 'slow' : 'bad'
}
