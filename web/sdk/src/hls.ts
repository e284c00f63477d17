/**
 * The last way to the picture: HLS, by the browser itself where it can, else by hls.js, which is
 * only loaded here. Slower than the live lines, but it goes through anything.
 */
import type Hls from 'hls.js'

/** Lines that carry a page carry the top rung until they prove otherwise. */
const LIVE = {
  abrEwmaDefaultEstimate: 6_000_000, testBandwidth: false,
  lowLatencyMode: true, liveSyncDuration: 1.5, liveMaxLatencyDuration: 6, maxLiveSyncPlaybackRate: 1.1,
}
const PAST = { lowLatencyMode: false, maxBufferLength: 20 }

/** Seconds from the beginning of a list of what was to the moment `from`: a list begins with a whole
 * piece, which may be older by as much as the piece is long. */
export function startOf(list: string, from: number): number {
  const [, began = ''] = /#EXT-X-PROGRAM-DATE-TIME:(\S+)/.exec(list) ?? []
  const [, length = '0'] = /#EXTINF:([\d.]+)/.exec(list) ?? []
  const into = (from - Date.parse(began)) / 1000
  // What lies between two pieces is no picture: the next one begins the list.
  return into > 0 && into < Number(length) ? into : 0
}

export class HlsPlayback {
  readonly #video: HTMLVideoElement
  readonly #failed: () => void
  #hls: Hls | null = null
  #open = false

  constructor(video: HTMLVideoElement, failed: () => void) {
    this.#video = video
    this.#failed = failed
  }

  /** Looks first whether there is a list at all: with the server out of reach the picture that is
   * still on screen is worth more than another attempt. `before` clears the way. A list of what was
   * plays from the moment `from`, a live one from its end. */
  async open(url: string, native: boolean, before: () => void, from: number | null = null): Promise<void> {
    this.close()
    this.#open = true
    const list = await fetch(url, { cache: 'no-store' }).then((answer) => (answer.ok ? answer.text() : null), () => null)
    if (!this.#open) return
    if (list === null) return this.#failed()
    const start = from === null ? -1 : startOf(list, from)
    before()
    if (native) this.#native(url, start)
    else await this.#script(url, start)
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The moment on screen, in milliseconds of EXT-X-PROGRAM-DATE-TIME; null when it is not told. */
  get shownAt(): number | null {
    if (this.#hls) return this.#hls.playingDate?.getTime() ?? null
    const video = this.#video as HTMLVideoElement & { getStartDate?: () => Date }
    const began = video.getStartDate?.().getTime()
    return began ? began + video.currentTime * 1000 : null
  }

  /** How far behind the newest there is. */
  get behindMs(): number {
    const { seekable, currentTime } = this.#video
    const end = seekable.length ? seekable.end(seekable.length - 1) : currentTime
    const behind = this.#hls?.latency || end - currentTime
    return Math.max(0, Math.round(behind * 1000))
  }

  close(): void {
    this.#open = false
    this.#hls?.destroy()
    this.#hls = null
  }

  #native(url: string, start: number): void {
    const video = this.#video
    video.src = url
    video.addEventListener(
      'loadedmetadata',
      () => {
        // Safari may start 10–20 s back.
        const { seekable } = video
        if (seekable.length) video.currentTime = start < 0 ? seekable.end(0) - 1 : seekable.start(0) + start
      },
      { once: true },
    )
  }

  async #script(url: string, start: number): Promise<void> {
    const { default: HlsJs } = await import('hls.js/light')
    if (!this.#open) return
    const hls = new HlsJs({
      enableWorker: false, // a worker from a blob is not in our Content-Security-Policy
      backBufferLength: 10,
      ...(start < 0 ? LIVE : { ...PAST, startPosition: start }),
    })
    this.#hls = hls
    hls.on(HlsJs.Events.ERROR, (_event, problem) => {
      if (!problem.fatal) return
      this.close()
      this.#failed()
    })
    hls.loadSource(url)
    hls.attachMedia(this.#video)
  }
}
