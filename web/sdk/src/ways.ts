/**
 * The ways to the live bytes: takes one, waits for it with patience, knows which to take next, and
 * looks from a slower way whether a better one is open again.
 */
import { HlsPlayback } from './hls'
import { LiveLine, lookForLine, type Ears, type Head, type Line } from './route'
import { sourceClass } from './sink'
import { Attempts, nextRoute, Patience, type Route } from './tries'

export interface Media {
  stream: string
  ws: string
  hls: string
}

export interface WayNews extends Ears {
  /** HLS is about to take the element; whatever feeds it now lets go. */
  handOver(): void
  /** The HLS way has taken it. */
  taken(): void
  /** A live line brings bytes again while a slower way plays. */
  better(): void
}

export class Ways {
  route: Route = 'fetch'
  readonly #video: HTMLVideoElement
  readonly #news: WayNews
  readonly #line = new LiveLine()
  readonly #attempts = new Attempts()
  readonly #patience = new Patience()
  readonly #hls: HlsPlayback
  /** The way that brought the last picture: the first to ask after a pause. */
  #good: Route | null = null
  #stopLooking = (): void => undefined
  readonly #ears: Ears = {
    head: (head) => this.#head(head),
    bytes: (chunk) => this.bytes(chunk),
    end: (reason) => this.#news.end(reason),
  }

  constructor(video: HTMLVideoElement, news: WayNews) {
    this.#video = video
    this.#news = news
    this.#hls = new HlsPlayback(video, () => this.#news.end('hls'))
  }

  /** Whether fragments come over a live line, not HLS. */
  get usesLine(): boolean {
    return this.route === 'fetch' || this.route === 'ws'
  }

  get isOpen(): boolean {
    return this.#line.isOpen
  }

  get silentMs(): number {
    return this.#line.silentMs
  }

  /** The moment on screen by the program's clock; null on the live lines, which are as good as live. */
  get shownAt(): number | null {
    return this.usesLine ? null : this.#hls.shownAt
  }

  /** Over HLS: how far the picture is behind the newest there is. */
  get behindMs(): number {
    return this.#hls.behindMs
  }

  /** Takes the next way; `none` when this browser has none at all. */
  open(media: Media): Route {
    this.hangUp()
    const nativeHls = this.#video.canPlayType('application/vnd.apple.mpegurl') !== ''
    const can = { mse: sourceClass() !== null, nativeHls }
    const { setbacks } = this.#attempts
    const route = (this.route = setbacks.failures ? nextRoute(setbacks, can) : (this.#good ?? nextRoute(setbacks, can)))
    this.#attempts.begin()
    this.#patience.begin(performance.now())
    if (route === 'fetch' || route === 'ws') this.#line.open(route, media, this.#ears)
    else if (route !== 'none') {
      void this.#hls.open(media.hls, route === 'hls', () => this.#news.handOver()).then(() => this.#news.taken())
      if (can.mse && !setbacks.dark) this.#stopLooking = lookForLine(media.stream, () => this.#better())
    }
    return route
  }

  /** Goes over to what `media` names, by the way that works, without a pause where that can be. */
  move(media: Media | null): boolean {
    if (!media || !this.usesLine || !this.isOpen) return false
    this.#line.move(this.route as 'fetch' | 'ws', media, this.#ears)
    return true
  }

  /** Goes on with the line that the inline script opened. */
  adopt(line: Line, spoke: boolean): void {
    this.#line.adopt(line)
    this.#attempts.begin()
    this.#patience.begin(performance.now())
    if (!spoke) return
    this.#attempts.bytes()
    this.#patience.bytes()
  }

  /** Also for what comes on an adopted line. */
  bytes(chunk: Uint8Array): void {
    this.#line.heard()
    this.#attempts.bytes()
    this.#patience.bytes()
    this.#news.bytes(chunk)
  }

  /** There is a picture: this way is good, and what failed before is forgotten. */
  shown(): void {
    this.#good = this.route
    this.#attempts.shown()
  }

  /** Somebody asks for another try: begin with what worked. */
  forgive(): void {
    this.#attempts.shown()
  }

  /** The way is over for this reason; milliseconds to wait before the next. */
  ended(reason: string): number {
    this.#line.hangUp()
    if (!this.usesLine) this.#hls.close()
    return this.#attempts.ended(reason)
  }

  hangUp(): void {
    this.#stopLooking()
    this.#line.hangUp()
  }

  close(): void {
    this.hangUp()
    this.#hls.close()
  }

  /** Why to give this way up now; null while it does what it should. */
  get verdict(): 'silent' | 'stuck' | null {
    if (!this.isOpen && (this.usesLine || !this.#hls.isOpen)) return null
    const { readyState, buffered } = this.#video
    return this.#patience.verdict({
      now: performance.now(),
      isLine: this.usesLine,
      hidden: document.visibilityState === 'hidden',
      silentMs: this.silentMs,
      hasBytes: buffered.length > 0,
      hasPicture: readyState > 1,
      failures: this.#attempts.setbacks.failures,
    })
  }

  #better(): void {
    this.#good = null
    this.#news.better()
  }

  #head(head: Head): void {
    this.#hls.close()
    this.#news.head(head)
  }
}
