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
