/**
 * Thousands may write at once and nobody can read that: of a flood a few lines are shown, the newest
 * that wait. What the host, the staff or the house says, and what is meant for oneself, is never
 * left out. The record keeps every line.
 */
import type { ChatLine } from '@sdk/events'

const WAITING_MAX = 9
const MATTERING_MAX = 30
const HOUSE = new Set(['host', 'staff', 'announcement', 'system'])

export function matters(line: ChatLine, me: string | undefined): boolean {
  return HOUSE.has(line.kind) || (me !== undefined && (line.v === me || line.to?.includes(me) === true))
}

export class Sample {
  #waiting: { line: ChatLine; matters: boolean }[] = []

  add(line: ChatLine, isMattering: boolean): void {
    this.#waiting.push({ line, matters: isMattering })
    this.#thin(isMattering, isMattering ? MATTERING_MAX : WAITING_MAX)
  }

  /** The oldest of its kind gives way. */
  #thin(kind: boolean, most: number): void {
    const alike = this.#waiting.filter((one) => one.matters === kind)
    if (alike.length > most) this.#waiting.splice(this.#waiting.indexOf(alike[0]!), 1)
  }

  /** A line to show now: one that matters before one that happened to wait longer. */
  next(): ChatLine | undefined {
    const at = Math.max(0, this.#waiting.findIndex((one) => one.matters))
    return this.#waiting.splice(at, 1)[0]?.line
  }

  forget(gone: (line: ChatLine) => boolean): void {
    this.#waiting = this.#waiting.filter(({ line }) => !gone(line))
  }
}
