/**
 * How a live player keeps its distance: pure decisions, no clock and no element of their own.
 * Times are seconds of the media timeline unless a name says otherwise.
 */

export interface Range {
  start: number
  end: number
}

export interface Pace {
  /** Playback rate to use from now on. */
  rate: number
  /** Where to jump, or null to play on. */
  seekTo: number | null
}

export interface Playing {
  at: number
  rate: number
  buffered: Range[]
  /** Distance to keep from the newest frame. */
  target: number
  /** Just joined: jump rather than creep, nobody is attached to the first second yet. */
  eager: boolean
}

export const TARGET_S = 0.4
export const TARGET_MAX_S = 1.6
const RATE_MIN = 1.05
const RATE_MAX = 1.2
const NEAR_S = 0.12

/** Catch up by rate between the target and one second more, jump beyond, and jump over gaps. */
export function keepPace({ at, rate, buffered, target, eager }: Playing): Pace {
  const last = buffered[buffered.length - 1]
  if (!last) return { rate: 1, seekTo: null }
  const inside = buffered.some((range) => at >= range.start - 0.05 && at < range.end)
  if (!inside) {
    // Nothing plays here. Ahead of everything: wait. In a gap or before the start: jump.
    const next = buffered.find((range) => range.start > at)
    if (!next) return { rate: 1, seekTo: null }
    return { rate: 1, seekTo: Math.max(next.start + 0.01, next === last ? last.end - target : 0) }
  }
  const behind = last.end - at
  const over = behind - target
  if (over > (eager ? 0.35 : 1)) {
    return { rate: 1, seekTo: Math.max(last.start + 0.01, last.end - target) }
  }
  // Once hurrying, hurry until the target; once calm, let 120 ms of jitter pass.
  if (over <= (rate > 1 ? 0 : NEAR_S)) return { rate: 1, seekTo: null }
  return { rate: Math.min(RATE_MAX, RATE_MIN + over * 0.3), seekTo: null }
}

/** A stall asks for more distance; calm time gives it back slowly. */
export function nextTarget(target: number, stalled: boolean, calmS: number): number {
  if (stalled) return Math.min(TARGET_MAX_S, target + 0.2)
  return calmS >= 20 ? Math.max(TARGET_S, target - 0.1) : target
}

/** What may be thrown away: everything older than `keep` behind the picture, in lumps. */
export function prunable(at: number, buffered: Range[], keep = 10): Range | null {
  const first = buffered[0]
  if (!first || at - first.start < keep + 4) return null
  return { start: 0, end: at - keep }
}

/** Milliseconds to wait before attempt `n` (0 first), with jitter so that rooms do not stampede. */
export function backoffMs(attempt: number, random: () => number, max = 8000): number {
  const whole = Math.min(max, 250 * 2 ** attempt)
  return Math.round(whole * (0.5 + random() / 2))
}

export type Route = 'fetch' | 'ws' | 'hls' | 'hlsjs' | 'none'

export interface Abilities {
  mse: boolean
  nativeHls: boolean
}

/** Which way to ask for the bytes after `failures` tries in a row that brought no picture. */
export function nextRoute(failures: number, can: Abilities): Route {
  if (!can.mse) return can.nativeHls ? 'hls' : 'none'
  // Browsers' own HLS keeps 10 s and more behind, so it comes last.
  const order: Route[] = ['fetch', 'ws', 'fetch', 'ws', 'hlsjs', ...(can.nativeHls ? ['hls' as const] : [])]
  return order[failures % order.length] ?? 'fetch'
}

/** Counts tries: how long to wait before the next, and when a way has proved broken. */
export class Attempts {
  #inARow = 0
  #failures = 0
  #gotBytes = true
  readonly #random: () => number

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Tries in a row that brought no bytes at all. */
  get failures(): number {
    return this.#failures
  }

  begin(): void {
    this.#gotBytes = false
  }

  bytes(): void {
    this.#gotBytes = true
  }

  shown(): void {
    this.#inARow = this.#failures = 0
  }

  /** Milliseconds to wait. 404 and 503 mean that the host is away, not that this way is broken. */
  ended(reason: string): number {
    const away = reason === 'http_404' || reason === 'http_503'
    if (reason === 'decode' || (!this.#gotBytes && !away)) this.#failures += 1
    return backoffMs(this.#inARow++, this.#random, 5000)
  }
}
