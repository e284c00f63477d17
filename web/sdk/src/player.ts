/**
 * The live player: goes on where the inline script began, stays close to live, and comes back by
 * itself after a broken line, a new publisher, a sleeping tab or a full buffer. It never shows a
 * dialog; it tells its `phase` and leaves the words to the page.
 */
import type { BootHandle, Phase, PlayerStats } from './boot-handle'
import { Signal } from './events'
import { isUnheeded } from './float'
import { Ladder } from './ladder'
import { Pacer } from './pacer'
import type { Head } from './route'
import { every, startVideo, watchSight, watchVideo, whenOnline } from './sight'
import { Sink } from './sink'
import { Ways } from './ways'

/** A tab that is neither seen nor heard this long stops its stream and rejoins on return. */
const SLEEP_MS = 10_000
const TICK_MS = 250

export type PlayerPhase = Phase | 'cannot_play'

export class Player {
  readonly phaseChanged = new Signal<PlayerPhase>()
  readonly soundChanged = new Signal<boolean>()
  readonly stats: PlayerStats
  readonly ladder: Ladder
  readonly #yh: BootHandle
  readonly #video: HTMLVideoElement
  readonly #sink: Sink
  readonly #pacer: Pacer
  #phase: PlayerPhase
  readonly #ways: Ways
  #retryTimer = 0
  #outOfSight = false
  #asleep = false
  #wanted: boolean
  #ends: (() => void)[] = []
  constructor(yh: BootHandle) {
    this.#yh = yh
    this.#video = yh.video
    this.stats = yh.stats
    this.#phase = yh.phase
    this.#wanted = yh.data.room.status === 'live' && yh.data.media !== null && !yh.data.share?.clip
    this.ladder = new Ladder(yh.data, yh.stats, () => this.#move())
    this.#pacer = new Pacer(yh.video, yh.stats)
    this.#sink = new Sink(yh.video, { appended: () => this.#pace(), broken: (reason) => this.#restart(reason) })
    this.#ways = new Ways(yh.video, {
      head: (head) => this.#head(head),
      bytes: (chunk) => (this.ladder.heard(chunk.length), this.#sink.push(chunk)),
      end: (reason) => this.#ended(reason),
      handOver: () => this.#sink.close(),
      taken: () => void this.play(),
      better: () => this.retry(),
    })
    this.#listen()
    this.#takeOver()
  }

  /** For a page that outlives its player: stops all of it, also what listens. */
  close(): void {
    this.expect({ live: false, slate: false })
    this.#sink.close()
    for (const end of this.#ends) end()
  }

  get phase(): PlayerPhase { return this.#phase }
  /** Of what comes or came last, e.g. `hvc1.1.6.L93.B0,mp4a.40.2`. */
  get codecs(): string { return this.#yh.codecs }
  /** The moment on screen by the program's clock; null on the live lines, which are as good as live. */
  get shownAt(): number | null { return this.#ways.shownAt }
  /** Whether it is the live show that plays, not what was. */
  get isLive(): boolean { return this.#wanted }

  get hasSound(): boolean { return !this.#video.muted }

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
    if (slate || !live) this.#pacer.pauses()
    if (!live) {
      clearTimeout(this.#retryTimer)
      this.#ways.close()
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
    if (!this.#ways.isOpen && this.#ways.usesLine) this.retry()
  }

  /** Asks again at once, from the way that works best. */
  retry(): void {
    this.#ways.forgive()
    if (this.#wanted) this.#connect()
  }

  #takeOver(): void {
    const yh = this.#yh
    yh.taken = true
    yh.play = () => void this.play()
    yh.bytes = (chunk) => this.#ways.bytes(chunk)
    yh.end = (reason) => this.#ended(reason)
    // Until the first answer is there the boot script opens the buffer itself, then calls this.
    yh.drain = () => this.#adopt()
    if (!this.#wanted) return
    if (yh.phase === 'ended') return this.#ended(yh.reason ?? 'closed')
    if (yh.stats.route === 'hls') this.#ways.route = 'hls'
    else if (!yh.source) this.#connect()
    else {
      // When we end the inline script's line, what it says about that is no news.
      this.#ways.adopt({ close: () => ((yh.end = () => undefined), yh.abort?.abort()) }, yh.buffer !== null)
      this.#pacer.hurry()
      this.#adopt()
      if (yh.phase === 'playing') this.#pacer.moves()
    }
  }

  #adopt(): void {
    const { source, buffer, queue } = this.#yh
    if (source && buffer && !this.#sink.isOpen) this.#sink.adopt(source, buffer, queue, this.#yh)
  }

  #listen(): void {
    watchVideo(this.#video, {
      shown: () => this.#shown(),
      starved: () => this.#wanted && this.#phase === 'playing' && this.#pacer.stalled(),
      sound: () => this.soundChanged.tell(this.hasSound),
      broken: () => this.#restart('decode'),
      paused: () => this.#phase === 'playing' && void this.play(), // nobody does that on purpose
      resumed: () => this.#wake(),
    })
    this.#ends = [
      watchSight(SLEEP_MS, { seen: () => this.#seen(), unseen: () => (this.#outOfSight = true) }),
      whenOnline(() => this.retryIfDown()),
      every(TICK_MS, () => this.#tick()),
    ]
  }

  /** The element plays; the first frame itself was noted by the boot script or is noted here. */
  #shown(): void {
    if (this.#wanted) this.#live()
    this.#say('playing')
  }

  #live(): void { this.#pacer.moves(); this.#ways.shown() }

  #say(phase: PlayerPhase): void {
    if (phase === this.#phase) return
    this.#phase = phase
    if (phase !== 'cannot_play') this.#yh.phase = phase
    document.body.dataset.play = phase
    this.phaseChanged.tell(phase)
  }

  #connect(): void {
    clearTimeout(this.#retryTimer)
    const media = this.ladder.way
    if (!media || this.#asleep) return this.#ways.hangUp()
    if (this.#phase === 'idle' || this.#phase === 'waiting' || this.#phase === 'ended') this.#say('connecting')
    this.stats.startedMs ||= performance.now()
    this.stats.route = this.#ways.open(media)
    if (this.stats.route === 'none') this.#say('cannot_play')
  }

  /** Another rung: the picture goes on until the new line begins. */
  #move(): void {
    if (this.#wanted && !this.#asleep && !this.#ways.move(this.ladder.way)) this.#connect()
  }

  #head(head: Head): void {
    this.#pacer.hurry()
    Object.assign(this.#yh, head)
    this.ladder.took(head.rung)
    if (this.#sink.begin(head)) void this.play()
    else this.#restart('codec')
  }

  #ended(reason: string): void {
    const waitMs = this.#ways.ended(reason)
    this.#yh.reason = reason
    if (!this.#wanted || this.#asleep) return
    // The host is away: the start that counts is the one that finds them.
    if (reason === 'http_404' && !this.stats.firstFrameMs) this.stats.startedMs = 0
    if (reason === 'codec') this.#say('cannot_play')
    else if (this.#phase === 'playing') this.#say('waiting')
    clearTimeout(this.#retryTimer)
    this.#retryTimer = window.setTimeout(() => this.#wanted && this.#connect(), waitMs)
  }

  #restart(reason: string): void {
    this.#sink.forget()
    this.#ended(reason)
  }

  #tick(): void {
    const { verdict, isOpen, silentMs } = this.#ways
    if (verdict === 'stuck') this.#restart(verdict)
    else if (verdict) this.#ended(verdict)
    else if (isOpen && this.#phase === 'playing' && silentMs > 2000) this.#say('waiting')
    else if (isOpen && this.#phase === 'waiting' && silentMs < 1000 && this.#video.readyState > 2) this.#say('playing')
    if (this.#outOfSight && !this.#asleep && isUnheeded(this.#video)) this.#sleep()
    this.ladder.look(isOpen && this.#wanted, this.#pacer.standsMs)
    this.#pace()
  }

  #pace(): void {
    if (!this.#wanted) return
    if (this.#ways.usesLine) this.#pacer.step()
    else if (this.stats.firstFrameMs) this.stats.behindLiveMs = this.#ways.behindMs
  }

  #seen(): void {
    this.#outOfSight = false
    this.#pacer.hurry()
    this.#wake()
    if (this.#wanted) void this.play()
  }

  #wake(): void {
    if (!this.#asleep) return
    this.#asleep = false
    this.retry()
  }

  #sleep(): void {
    this.#asleep = true
    this.#pacer.pauses()
    clearTimeout(this.#retryTimer)
    this.#ways.close()
  }
}
