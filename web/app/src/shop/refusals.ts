/** Why an order was not taken, in words that say what to do. */
import type { WordKey } from '../ui/words'

export const refused: Record<string, WordKey> = {
  sold_out: 'buy.out_of_stock',
  variant_not_found: 'buy.variant_gone',
  variant_missing: 'buy.choose',
  product_hidden: 'cart.off_sale',
  product_not_found: 'cart.off_sale',
  order_separately: 'cart.apart',
  price_changed: 'buy.price_changed',
  order_limit: 'buy.order_limit',
  coupon_spent: 'buy.coupon_spent',
  coupon_expired: 'coupon.coupon_over',
  coupon_nothing: 'buy.coupon_none',
  coupon_scope: 'buy.coupon_none',
  coupon_threshold: 'buy.coupon_none',
  offline: 'error.offline',
  timeout: 'error.timeout',
  try_again: 'error.busy',
  busy: 'error.busy',
}

/** Each goes on at the regular price. */
export const refusedLive: Record<string, WordKey> = {
  live_price_over: 'buy.live_over',
  live_price_gone: 'buy.live_gone',
  live_price_limit: 'buy.live_limit',
}
