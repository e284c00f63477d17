/** What a line of a cart says and with which others it can be bought. Pure. */
import type { CartLine } from '@sdk/cart'

export interface CartGroup {
  delivery: CartLine['delivery']
  lines: CartLine[]
}

/** An order holds no more. */
export const ORDER_LINES_MAX = 20
const LEFT_SHOWN_UP_TO = 20

export const keyOf = (line: CartLine): string => `${line.product_id} ${line.variant_id}`

export const canBuy = (line: CartLine): boolean => line.state === 'here' && !line.order_id

/** Each of them is one order: what is shipped first, then what is fetched, then what is text. */
export function groupsOf(lines: CartLine[]): CartGroup[] {
  const kinds: CartLine['delivery'][] = ['ship', 'pickup', 'digital']
  return kinds.map((delivery) => ({ delivery, lines: lines.filter((line) => line.delivery === delivery) })).filter((group) => group.lines.length)
}

/** What is offered to be bought: all that can be, of the group of these lines or else the first. */
export function firstPicks(lines: CartLine[], of: CartLine[]): Set<string> {
  const open = groupsOf(lines.filter(canBuy))
  const group = open.find((one) => one.delivery === of[0]?.delivery) ?? open[0]
  return new Set((group?.lines ?? []).slice(0, ORDER_LINES_MAX).map(keyOf))
}

/** What is chosen after the cart changed: what was, and what is new in it, of one way of delivery. `known`
 * is what was in it before; null: it was not read yet, and all that can be is offered. */
export function nextPicks(lines: CartLine[], picks: Set<string>, known: Set<string> | null): Set<string> {
  if (!known) return firstPicks(lines, [])
  const still = lines.filter((line) => picks.has(keyOf(line)))
  const chosen = lines.filter((line) => picks.has(keyOf(line)) || !known.has(keyOf(line)))
  return firstPicks(chosen, still)
}

/** The live price of a line, when it holds for all the pieces wanted and was not refused. */
export function livePriceOf(line: CartLine, now: number, declined: Set<string>): string | null {
  const { live_price_id: id, live_price_left: left, live_price_each: each, quantity } = line
  if (!id || declined.has(id) || !(Date.parse(line.live_price_until ?? '') > now)) return null
  return (left === null || quantity <= left) && (each === null || quantity <= each) ? id : null
}

/** How much dearer (+) or cheaper (−) a piece is than when it was put in. */
export const changeOf = (line: CartLine, minor: number): number => minor - line.seen_minor

/** How many are left, when that is worth saying. */
export function leftOf(line: CartLine): number | null {
  const few = (line.state === 'here' || line.state === 'short') && line.stock <= LEFT_SHOWN_UP_TO
  return few ? line.stock : null
}
