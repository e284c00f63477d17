/**
 * Keeps one video element close to live: reads its buffer, asks `pace.ts` what to do, does it.
 */
import type { PlayerStats } from './boot-handle'
import { keepPace, nextTarget, TARGET_S } from './pace'
import { ranges } from './sink'

const EAGER_MS = 4000
const CALM_MS = 20_000

export class Pacer {
  readonly #video: HTMLVideoElement
  readonly #stats: PlayerStats
  #target = TARGET_S
  #lastStallAt = performance.now()
  #eagerUntil = 0
  /** A picture moved; when it no longer does, that is a stall. */
  #moved = false
  #stoodAt = 0

  constructor(video: HTMLVideoElement, stats: PlayerStats) {
    this.#video = video
    this.#stats = stats
  }

  /** Just joined or rejoined: get close quickly. */
  hurry(): void {
    this.#eagerUntil = performance.now() + EAGER_MS
  }

  /** The picture ran out. */
  stalled(): void {
    if (!this.#moved || this.#stoodAt) return
    this.#stats.stalls += 1
    this.#stoodAt = this.#lastStallAt = performance.now()
    this.#target = nextTarget(this.#target, true, 0)
  }

  /** For how long it stands still now. */
  get standsMs(): number {
    return this.#stoodAt ? performance.now() - this.#stoodAt : 0
  }

  /** The picture moves, again or for the first time. */
  moves(): void {
    this.#moved = true
    if (!this.#stats.firstFrameMs) {
      this.#stats.firstFrameMs = performance.now()
      performance.mark('yh:first-frame')
    }
    if (this.#stoodAt) this.#stats.stalledMs += Math.round(performance.now() - this.#stoodAt)
    this.#stoodAt = 0
  }

  /** It is not the line: the host is away, or nobody looks. What stands now is no stall. */
  pauses(): void {
    this.#moved = false
    if (this.#stoodAt) this.#stats.stalls -= 1
    this.#stoodAt = 0
  }

  step(): void {
    const video = this.#video
    const now = performance.now()
    if (now - this.#lastStallAt > CALM_MS) {
      this.#target = nextTarget(this.#target, false, CALM_MS / 1000)
      this.#lastStallAt = now
    }
    const buffered = ranges(video.buffered)
    const last = buffered[buffered.length - 1]
    if (!last || video.seeking) return
    this.#stats.behindLiveMs = Math.max(0, Math.round((last.end - video.currentTime) * 1000))
    if (!this.#stats.firstFrameMs) {
      // The keyframe is shown at once; closeness comes right after it.
      const { start } = buffered[0]!
      if (video.currentTime < start) video.currentTime = start
      return
    }
    const { rate, seekTo } = keepPace({
      at: video.currentTime,
      rate: video.playbackRate,
      buffered,
      target: this.#target,
      eager: now < this.#eagerUntil,
    })
    if (seekTo !== null) video.currentTime = seekTo
    if (video.playbackRate !== rate) video.playbackRate = rate
  }
}
