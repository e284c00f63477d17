/**
 * What a buyer pays: the live price or their best coupon, whichever is less, never both; and the fee
 * for shipping.
 */
import { bestCoupon, type Coupon } from '@sdk/plays'
import type { DeliveryRule } from '@sdk/shop'
import type { LivePrice, PricedProduct } from './livePrices'

export interface Deal {
  subtotal: number
  /** At most one of the two. */
  live: LivePrice | null
  coupon: Coupon | null
  off: number
  /** For shipping. */
  fee: number
  /** How much more would be shipped for nothing; null when there is no such sum, or it is reached. */
  toFree: number | null
  total: number
}

interface Terms {
  /** A live price the server refused to this buyer. */
  declined?: string
  rule?: DeliveryRule | null
}

export function bestDeal(product: PricedProduct, quantity: number, coupons: Coupon[], { declined, rule }: Terms = {}): Deal {
  const subtotal = product.regular_minor * quantity
  const coupon = bestCoupon([...coupons], subtotal)
  const couponOff = Math.min(coupon?.amount_minor ?? 0, subtotal)
  const live = product.live && product.live.id !== declined && fits(product.live, quantity) ? product.live : null
  const liveOff = live ? subtotal - product.price_minor * quantity : 0
  const taken = live && liveOff >= couponOff ? { live, coupon: null, off: liveOff } : { live: null, coupon, off: couponOff }
  const way = shipping(product.delivery, subtotal - taken.off, rule)
  return { subtotal, ...taken, ...way, total: subtotal - taken.off + way.fee }
}

/** The shop's rule for goods that cost so much after what was taken off. */
function shipping(delivery: PricedProduct['delivery'], goods: number, rule?: DeliveryRule | null): Pick<Deal, 'fee' | 'toFree'> {
  const from = rule?.free_from_minor ?? null
  if (delivery !== 'ship' || !rule?.fee_minor || (from !== null && goods >= from)) return { fee: 0, toFree: null }
  return { fee: rule.fee_minor, toFree: from === null ? null : from - goods }
}

/** A live price holds for a whole order or not at all. */
function fits(live: LivePrice, quantity: number): boolean {
  return (live.left === null || quantity <= live.left) && (live.each === null || quantity <= live.each)
}
