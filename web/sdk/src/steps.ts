/**
 * When a player goes to a smaller picture and when it tries the larger one again: pure decisions.
 * Down after trouble, soon; up after calm, and each try that fails doubles the next wait, so that a
 * line that is just too weak is not tried all the time.
 */

export type Step = 'down' | 'up'

export interface Look {
  now: number
  /** Times the picture has stood still so far. */
  stalls: number
  /** For how long it stands still now. */
  standsMs: number
  /** What arrived over the last seconds. */
  kbps: number
  /** What the present rung needs; 0 where that is not known. */
  neededKbps: number
}

/** After a step the buffer has to fill: what happens meanwhile proves nothing. */
export const SETTLE_MS = 4000
export const STAND_MS = 1500
export const TROUBLE_MS = 15_000
export const CALM_MS = 20_000
export const CALM_MS_MAX = 320_000
/** Trouble this soon after a step up means that the step was too early. */
const PROOF_MS = 30_000
/** Less than this part of what is needed means that the line is the bottleneck. */
const SHORT = 0.85

export class Steps {
  #stallsSeen = 0
  #troubles: number[] = []
  #steppedAt = -Infinity
  #step: Step | null = null
  #calmSince: number | null = null
  #calmMs = CALM_MS

  /** What to do now; the caller says by `stepped` that it did it. */
  verdict(look: Look): Step | null {
    const { now } = look
    this.#calmSince ??= now
    for (; this.#stallsSeen < look.stalls; this.#stallsSeen++) this.#troubles.push(now)
    // A stall that proved to be none (the host left) is taken back.
    this.#stallsSeen = look.stalls
    this.#troubles = this.#troubles.filter((at) => now - at < TROUBLE_MS)
    if (this.#troubles.length || look.standsMs) this.#calmSince = now
    if (now - this.#steppedAt < SETTLE_MS) return null
    if (this.#isShort(look)) return 'down'
    if (this.#step === 'up' && now - this.#steppedAt > PROOF_MS) this.#calmMs = CALM_MS
    return now - this.#calmSince > this.#calmMs ? 'up' : null
  }

  stepped(step: Step, now: number): void {
    const failed = step === 'down' && this.#step === 'up' && now - this.#steppedAt < PROOF_MS
    if (failed) this.#calmMs = Math.min(this.#calmMs * 2, CALM_MS_MAX)
    this.#step = step
    this.#steppedAt = this.#calmSince = now
    this.#troubles = []
  }

  /** Nobody watched, or somebody chose: what was seen before proves nothing. */
  forget(now: number): void {
    this.#steppedAt = this.#calmSince = now
    this.#step = null
    this.#troubles = []
  }

  #isShort({ standsMs, kbps, neededKbps }: Look): boolean {
    if (standsMs > STAND_MS || this.#troubles.length > 1) return true
    return this.#troubles.length > 0 && neededKbps > 0 && kbps < neededKbps * SHORT
  }
}

/** What came over the last seconds, in kilobits per second. */
export class Meter {
  #came: { at: number; bytes: number }[] = []

  heard(bytes: number, now: number): void {
    this.#came.push({ at: now, bytes })
  }

  kbps(now: number, overMs = 4000): number {
    this.#came = this.#came.filter(({ at }) => now - at < overMs)
    return Math.round((this.#came.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / overMs)
  }
}
