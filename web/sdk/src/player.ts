/**
 * The live player: goes on where the inline script began, stays close to live, and comes back by
 * itself after a broken line, a new publisher, a sleeping tab or a full buffer. It never shows a
 * dialog; it tells its `phase` and leaves the words to the page.
 */
import type { BootHandle, Phase, PlayerStats } from './boot-handle'
import { Signal } from './events'
import { HlsPlayback } from './hls'
import { Attempts, nextRoute, type Route } from './pace'
import { Pacer } from './pacer'
import { LiveLine, type Ears, type Head } from './route'
import { every, startVideo, watchSight, watchVideo, whenOnline } from './sight'
import { Sink, sourceClass } from './sink'

/** A line that says nothing for this long is dead, whatever TCP believes. */
const SILENCE_MS = 5000
/** A muted tab that is out of sight this long stops its stream and rejoins on return. */
const SLEEP_MS = 10_000
const TICK_MS = 250
/** A stream this browser cannot decode is asked for again this often: hosts change their encoders. */
const CODEC_RETRY_MS = 10_000

export type PlayerPhase = Phase | 'cannot_play'

export class Player {
  readonly phaseChanged = new Signal<PlayerPhase>()
  readonly soundChanged = new Signal<boolean>()
  readonly stats: PlayerStats
  readonly #yh: BootHandle
  readonly #video: HTMLVideoElement
  readonly #sink: Sink
  readonly #pacer: Pacer
  #phase: PlayerPhase
  #hls: HlsPlayback | null = null
  readonly #line = new LiveLine()
  #route: Route = 'fetch'
  readonly #attempts = new Attempts()
  #retryTimer = 0
  #asleep = false
  #wanted: boolean
  #ends: (() => void)[] = []
  readonly #ears: Ears = {
    head: (head) => this.#head(head),
    bytes: (chunk) => this.#bytes(chunk),
    end: (reason) => this.#ended(reason),
  }

  constructor(yh: BootHandle) {
    this.#yh = yh
    this.#video = yh.video
    this.stats = yh.stats
    this.#phase = yh.phase
    this.#wanted = yh.data.room.status === 'live' && yh.data.media !== null
    this.#pacer = new Pacer(yh.video, yh.stats)
    const broken = (reason: string): void => this.#restart(reason)
    this.#sink = new Sink(yh.video, { appended: () => this.#pace(), broken })
    this.#listen()
    this.#takeOver()
  }

  /** For a page that outlives its player (the studio): stops all of it, also what listens. */
  close(): void {
    this.expect({ live: false, slate: false })
    this.#sink.close()
    for (const end of this.#ends) end()
  }

  get phase(): PlayerPhase {
    return this.#phase
  }

  /** Of what comes or came last, e.g. `hvc1.1.6.L93.B0,mp4a.40.2`. */
  get codecs(): string {
    return this.#yh.codecs
  }

  /** The moment on screen by the program's clock; null on the live lines, which are as good as live. */
  get shownAt(): number | null {
    return this.#usesLine ? null : (this.#hls?.shownAt ?? null)
  }

  get hasSound(): boolean {
    return !this.#video.muted
  }

  /** Turns the sound on or off; must be called from a tap to turn it on. */
  async setSound(on: boolean): Promise<void> {
    this.#video.muted = !on
    await this.play()
  }

  async play(): Promise<void> {
    if (!(await startVideo(this.#video))) this.#say('refused')
  }

  /** The room says whether there is anything to play; `slate` means the host is away for now. */
  expect({ live, slate }: { live: boolean; slate: boolean }): void {
    const before = this.#wanted
    this.#wanted = live && this.#yh.data.media !== null
    if (!live) {
      this.#hangUp()
      this.#hls?.close()
      if (this.#phase !== 'idle') this.#say('ended')
    } else if (!before || !slate) this.retryIfDown()
  }

  /** Leaves the picture to what was; `expect` brings back what is. */
  rest(): HTMLVideoElement {
    this.expect({ live: false, slate: false })
    this.#sink.close()
    return this.#video
  }

  /** The network is back: do not wait for the end of a pause. */
  retryIfDown(): void {
    if (!this.#line.isOpen && this.#usesLine) this.retry()
  }

  /** Asks again at once, from the way that works best. */
  retry(): void {
    this.#attempts.shown()
    if (this.#wanted) this.#connect()
  }

  #takeOver(): void {
    const yh = this.#yh
    yh.taken = true
    yh.play = () => void this.play()
    yh.bytes = (chunk) => this.#bytes(chunk)
    yh.end = (reason) => this.#ended(reason)
    // Until the first answer is there the boot script opens the buffer itself, then calls this.
    yh.drain = () => this.#adopt()
    if (!this.#wanted) return
    if (yh.phase === 'ended') return this.#ended(yh.reason ?? 'closed')
    if (yh.stats.route === 'hls') this.#route = 'hls'
    else if (!yh.source) this.#connect()
    else {
      this.#line.adopt({ close: () => yh.abort?.abort() })
      this.#pacer.hurry()
      this.#adopt()
    }
  }

  #adopt(): void {
    const { source, buffer, queue } = this.#yh
    if (source && buffer && !this.#sink.isOpen) this.#sink.adopt(source, buffer, queue, this.#yh)
  }

  #listen(): void {
    watchVideo(this.#video, {
      shown: () => this.#shown(),
      starved: () => this.#phase === 'playing' && this.#pacer.stalled(),
      sound: () => this.soundChanged.tell(this.hasSound),
      broken: () => this.#restart('decode'),
      // Nobody pauses a live room on purpose: the system did. In sight it goes on.
      paused: () => this.#phase === 'playing' && void this.play(),
    })
    this.#ends = [
      watchSight(SLEEP_MS, { seen: () => this.#seen(), unseen: () => this.#unseen() }),
      whenOnline(() => this.retryIfDown()),
      every(TICK_MS, () => this.#tick()),
    ]
  }

  /** The element plays; the first frame itself was noted by the boot script or is noted here. */
  #shown(): void {
    if (!this.stats.firstFrameMs) {
      this.stats.firstFrameMs = performance.now()
      performance.mark('yh:first-frame')
    }
    this.#attempts.shown()
    this.#say('playing')
  }

  #say(phase: PlayerPhase): void {
    if (phase === this.#phase) return
    this.#phase = phase
    if (phase !== 'cannot_play') this.#yh.phase = phase
    document.body.dataset.play = phase
    this.phaseChanged.tell(phase)
  }

  #connect(): void {
    this.#hangUp()
    const media = this.#yh.data.media
    if (!media || this.#asleep) return
    const nativeHls = this.#video.canPlayType('application/vnd.apple.mpegurl') !== ''
    const can = { mse: sourceClass() !== null, nativeHls }
    this.stats.route = this.#route = nextRoute(this.#attempts.failures, can)
    if (this.#phase === 'idle' || this.#phase === 'waiting' || this.#phase === 'ended') this.#say('connecting')
    this.#attempts.begin()
    if (this.#route === 'fetch' || this.#route === 'ws') this.#line.open(this.#route, media, this.#ears)
    else if (this.#route === 'none') this.#say('cannot_play')
    else {
      this.#hls ??= new HlsPlayback(this.#video, () => this.#ended('hls'))
      void this.#hls.open(media.hls, this.#route === 'hls', () => this.#sink.close()).then(() => this.play())
    }
  }

  #head(head: Head): void {
    this.#pacer.hurry()
    Object.assign(this.#yh, head)
    this.#hls?.close()
    if (this.#sink.begin(head)) void this.play()
    else this.#restart('codec')
  }

  #bytes(chunk: Uint8Array): void {
    this.#line.heard()
    this.#attempts.bytes()
    this.#sink.push(chunk)
  }

  #ended(reason: string): void {
    this.#line.hangUp()
    this.#yh.reason = reason
    if (!this.#wanted || this.#asleep) return
    const unknown = reason === 'codec'
    if (unknown) this.#say('cannot_play')
    else if (this.#phase === 'playing') this.#say('waiting')
    clearTimeout(this.#retryTimer)
    const wait = unknown ? CODEC_RETRY_MS : this.#attempts.ended(reason)
    this.#retryTimer = window.setTimeout(() => this.#wanted && this.#connect(), wait)
  }

  #restart(reason: string): void {
    this.#sink.forget()
    this.#ended(reason)
  }

  #hangUp(): void {
    clearTimeout(this.#retryTimer)
    this.#line.hangUp()
  }

  get #usesLine(): boolean {
    return this.#route === 'fetch' || this.#route === 'ws'
  }

  #tick(): void {
    if (this.#line.isOpen) {
      const silent = this.#line.silentMs
      if (silent > SILENCE_MS) this.#ended('silent')
      else if (this.#phase === 'playing' && silent > 2000) this.#say('waiting')
      else if (this.#phase === 'waiting' && silent < 1000 && this.#video.readyState > 2) this.#say('playing')
    }
    this.#pace()
  }

  #pace(): void {
    if (this.#usesLine && this.#wanted) this.#pacer.step()
  }

  #seen(): void {
    this.#pacer.hurry()
    if (this.#asleep) {
      this.#asleep = false
      this.retry()
    }
    if (this.#wanted) void this.play()
  }

  /** Out of sight for a while; somebody who listens from another tab keeps the sound. */
  #unseen(): void {
    if (this.hasSound) return
    this.#asleep = true
    this.#hangUp()
  }
}
