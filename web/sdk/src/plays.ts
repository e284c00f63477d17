/**
 * What a visitor can do for themselves or for the friend who brought them: take the room's open
 * coupon, and help. Whether it counts is the server's decision alone.
 */
import type { Client } from './client'

/** Seconds of watching before a help counts; the server decides, this only draws the ring. */
export const HELP_AFTER_MS = 15_000

/** `amount`: off the goods · `percent`: of the goods, up to the amount · `shipping`: of the fee. */
export type CouponKind = 'amount' | 'percent' | 'shipping'

export interface Coupon {
  id: string
  kind: CouponKind
  /** The most that it takes off. */
  amount_minor: number
  percent: number | null
  threshold_minor: number
  /** The products it is for; null or left out: all. */
  product_ids?: string[] | null
  title: string
  title_en?: string
  expires_at?: string
  state?: string
}

export class Plays {
  readonly #client: Client
  readonly #room: string

  constructor(client: Client, room: string) {
    this.#client = client
    this.#room = room
  }

  async claimCoupon(): Promise<Coupon> {
    const { coupon } = await this.#client.post<{ coupon: Coupon }>(`/api/v1/rooms/${this.#room}/coupon`)
    return coupon
  }

  async help(token: string): Promise<void> {
    await this.#client.post(`/api/v1/shares/${token}/help`)
  }
}

/** What a coupon takes off goods of this sum; what it takes off the fee is not in it. */
export function offGoods({ kind, percent, amount_minor, threshold_minor }: Omit<Coupon, 'id' | 'title'>, goods: number): number {
  if (kind === 'shipping' || threshold_minor > goods) return 0
  return Math.min(amount_minor, kind === 'percent' ? Math.floor((goods * (percent ?? 0)) / 100) : goods)
}

/** Whether a coupon is for this product. */
export const isCouponFor = ({ product_ids: of }: Pick<Coupon, 'product_ids'>, productId: string): boolean => !of || of.includes(productId)

/** How much of this product is missing until the nearest coupon applies, or null when none would. */
export function missingForCoupon(
  coupons: Pick<Coupon, 'threshold_minor' | 'product_ids'>[],
  subtotal: number,
  productId: string,
): number | null {
  const gaps = coupons.filter((coupon) => isCouponFor(coupon, productId)).map((coupon) => coupon.threshold_minor - subtotal).filter((gap) => gap > 0)
  return gaps.length ? Math.min(...gaps) : null
}
