/**
 * What a buyer pays: the live price or their best coupon, whichever is less, never both; and the fee
 * for shipping.
 */
import type { CouponOffer } from '@sdk/events'
import { isCouponFor, offGoods, type Coupon } from '@sdk/plays'
import type { DeliveryRule } from '@sdk/shop'
import type { LivePrice, PricedProduct } from './livePrices'

export interface Deal {
  subtotal: number
  /** At most one of the two. */
  live: LivePrice | null
  coupon: Coupon | null
  /** Every coupon that takes something off here, the best first. */
  offers: Coupon[]
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
  /** The coupon the buyer chose, '' for none; left out: the best one. */
  chosen?: string
}

export function bestDeal(product: PricedProduct, quantity: number, coupons: Coupon[], terms: Terms = {}): Deal {
  const { declined, chosen } = terms
  const subtotal = product.regular_minor * quantity
  const with_ = (coupon: Coupon | null): Deal => withCoupon(product, subtotal, coupon, terms.rule)
  const plain = with_(null)
  const usable = coupons.map(with_).filter((deal) => deal.off > 0).sort((a, b) => a.total - b.total || b.off - a.off)
  const offers = usable.map((deal) => deal.coupon!)
  const live = product.live && product.live.id !== declined && fits(product.live, quantity) ? product.live : null
  // A coupon may bring the goods below free delivery and cost more than it saves.
  const first = usable[0] && usable[0].total <= plain.total ? usable[0] : plain
  const best = chosen === undefined ? first : (usable.find((deal) => deal.coupon?.id === chosen) ?? plain)
  if (!live) return { ...best, offers }
  const off = subtotal - product.price_minor * quantity
  const way = shipping(product.delivery, subtotal - off, terms.rule)
  const total = subtotal - off + way.fee
  return total <= best.total ? { subtotal, live, coupon: null, offers: [], off, ...way, total } : { ...best, offers }
}

/** What an order costs with this coupon, or with none. */
function withCoupon(product: PricedProduct, subtotal: number, coupon: Coupon | null, rule?: DeliveryRule | null): Deal {
  if (coupon && !isCouponFor(coupon, product.id)) coupon = null
  const goods = coupon ? offGoods(coupon, subtotal) : 0
  const way = shipping(product.delivery, subtotal - goods, rule)
  const pays = coupon?.kind === 'shipping' && coupon.threshold_minor <= subtotal ? Math.min(coupon.amount_minor, way.fee) : 0
  const off = goods + pays
  return { subtotal, live: null, coupon: off ? coupon : null, offers: [], off, ...way, total: subtotal - off + way.fee }
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

/** Whether the coupon the room gives away is offered beside this product. For which products a
 * scoped one is, the page does not know; it is offered in the room only. */
export const isOfferedFor = (open: CouponOffer, product: PricedProduct): boolean =>
  !open.scoped && !product.live && open.left > 0 && product.price_minor >= open.threshold_minor
