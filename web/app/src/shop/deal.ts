/**
 * What a buyer pays: the live price or their best coupon, whichever is less; never both.
 */
import { bestCoupon, type Coupon } from '@sdk/plays'
import type { LivePrice, PricedProduct } from './livePrices'

export interface Deal {
  subtotal: number
  /** At most one of the two. */
  live: LivePrice | null
  coupon: Coupon | null
  off: number
  total: number
}

/** `declined` is a live price the server refused to this buyer. */
export function bestDeal(product: PricedProduct, quantity: number, coupons: Coupon[], declined = ''): Deal {
  const subtotal = product.regular_minor * quantity
  const coupon = bestCoupon([...coupons], subtotal)
  const couponOff = Math.min(coupon?.amount_minor ?? 0, subtotal)
  const live = product.live && product.live.id !== declined && fits(product.live, quantity) ? product.live : null
  const liveOff = live ? subtotal - product.price_minor * quantity : 0
  if (live && liveOff >= couponOff) return { subtotal, live, coupon: null, off: liveOff, total: subtotal - liveOff }
  return { subtotal, live: null, coupon, off: couponOff, total: subtotal - couponOff }
}

/** A live price holds for a whole order or not at all. */
function fits(live: LivePrice, quantity: number): boolean {
  return (live.left === null || quantity <= live.left) && (live.each === null || quantity <= live.each)
}
