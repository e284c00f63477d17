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
const PAST = { lowLatencyMode: false, startPosition: 0, maxBufferLength: 20 }

export class HlsPlayback {
  readonly #video: HTMLVideoElement
  readonly #failed: () => void
  #hls: Hls | null = null
  #open = false
  /** A list of what was is played from its beginning, a live one from its end. */
  #past = false

  constructor(video: HTMLVideoElement, failed: () => void) {
    this.#video = video
    this.#failed = failed
  }

  /** Looks first whether there is a list at all: with the server out of reach the picture that is
   * still on screen is worth more than another attempt. `before` clears the way. */
  async open(url: string, native: boolean, before: () => void, past = false): Promise<void> {
    this.close()
    this.#open = true
    this.#past = past
    const there = await fetch(url, { cache: 'no-store' }).then((answer) => answer.ok, () => false)
    if (!this.#open) return
    if (!there) return this.#failed()
    before()
    if (native) this.#native(url)
    else await this.#script(url)
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

  #native(url: string): void {
    const video = this.#video
    video.src = url
    video.addEventListener(
      'loadedmetadata',
      () => {
        // Safari may start 10–20 s back.
        const { seekable } = video
        if (seekable.length) video.currentTime = this.#past ? seekable.start(0) : seekable.end(0) - 1
      },
      { once: true },
    )
  }

  async #script(url: string): Promise<void> {
    const { default: HlsJs } = await import('hls.js/light')
    if (!this.#open) return
    const hls = new HlsJs({
      enableWorker: false, // a worker from a blob is not in our Content-Security-Policy
      backBufferLength: 10,
      ...(this.#past ? PAST : LIVE),
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
