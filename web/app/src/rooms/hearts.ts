/**
 * Likes of many people as a few hearts: a lump of likes becomes a burst that grows with its
 * logarithm, its hearts leave one after another, each on a way of its own.
 */
export interface Heart {
  id: number
  /** Milliseconds after which it leaves. */
  delayMs: number
  /** Where it starts and how far it drifts, in pixels. */
  x: number
  drift: number
  size: number
}

export const HEARTS_MAX = 12
const BURST_MAX = 6
const BETWEEN_MS = 90

/** How many hearts stand for `likes` people's taps. */
export function burst(likes: number): number {
  return likes < 1 ? 0 : Math.min(BURST_MAX, 1 + Math.floor(Math.log2(likes)))
}

export function hearts(count: number, nextId: () => number, random: () => number = Math.random): Heart[] {
  return Array.from({ length: count }, (_, at) => ({
    id: nextId(),
    delayMs: at * BETWEEN_MS,
    x: Math.round(10 + random() * 28),
    drift: Math.round((random() - 0.5) * 36),
    size: Math.round(20 + random() * 12),
  }))
}
