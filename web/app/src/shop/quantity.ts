/** How many of one thing are bought. Pure. */

/** The server takes no more of one thing. */
export const QUANTITY_MAX = 99

/** What somebody wrote into a field of pieces; null while it is no number of them yet. */
export function quantityIn(text: string, most: number): number | null {
  const pieces = /^\d+$/.test(text) ? Number(text) : 0
  return pieces >= 1 ? Math.min(pieces, most) : null
}
