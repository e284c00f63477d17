/**
 * What a visitor can do for themselves or for the friend who brought them: take the room's open
 * coupon, and help. Whether it counts is the server's decision alone.
 */
import type { Client } from './client'
import type { CouponOffer } from './events'

/** Seconds of watching before a help counts; the server decides, this only draws the ring. */
export const HELP_AFTER_MS = 15_000

export interface Coupon {
  id: string
  amount_minor: number
  threshold_minor: number
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

/** The best coupon for an amount: the largest whose threshold is met. */
export function bestCoupon<C extends Pick<Coupon, 'amount_minor' | 'threshold_minor'>>(
  coupons: C[],
  subtotal: number,
): C | null {
  const fitting = coupons.filter((coupon) => coupon.threshold_minor <= subtotal)
  return fitting.sort((a, b) => b.amount_minor - a.amount_minor)[0] ?? null
}

/** How much is missing until the nearest coupon applies, or null when none would. */
export function missingForCoupon(
  coupons: Pick<CouponOffer, 'threshold_minor'>[],
  subtotal: number,
): number | null {
  const gaps = coupons.map((coupon) => coupon.threshold_minor - subtotal).filter((gap) => gap > 0)
  return gaps.length ? Math.min(...gaps) : null
}
