/**
 * Live prices: while one holds, by the server's clock, it stands where the regular price stood,
 * and the regular price is struck beside it.
 */
import type { Product } from '@sdk/events'

export interface LivePrice {
  id: string
  /** The moment it ends, in milliseconds of the server's clock. */
  until: number
  /** null: not limited. */
  left: number | null
  each: number | null
}

/** A product with the price that holds now; `regular_minor` is the one without a live price. */
export interface PricedProduct extends Product {
  regular_minor: number
  live: LivePrice | null
}

export function priced(product: Product, now: number): PricedProduct {
  const until = Date.parse(product.live_price_until ?? '')
  const minor = product.live_price_minor
  const regular = product.price_minor
  if (!product.live_price_id || minor === null || product.live_price_left === 0 || minor >= regular || !(until > now)) {
    return { ...product, regular_minor: regular, live: null }
  }
  const live = { id: product.live_price_id, until, left: product.live_price_left, each: product.live_price_each }
  return { ...product, price_minor: minor, list_price_minor: regular, regular_minor: regular, live }
}

/** The product as one of its variants; without one, as it is. */
export function picked(product: PricedProduct, variantId: string | undefined): PricedProduct {
  const variant = product.variants.find((one) => one.id === variantId)
  if (!variant) return product
  const { price_minor, stock } = variant
  const cost = product.live ? { price_minor: product.price_minor, list_price_minor: price_minor } : { price_minor, list_price_minor: null }
  return { ...product, ...cost, regular_minor: price_minor, stock }
}

/** Whether the price shown is only the lowest of several. */
export function startsAt(product: PricedProduct): boolean {
  return !product.live && product.variants.some((one) => one.price_minor !== product.regular_minor)
}

/** How long until the first of these prices ends, null when none runs. */
export function nextEnd(products: PricedProduct[], now: number): number | null {
  const ends = products.flatMap(({ live }) => (live ? [live.until - now] : []))
  return ends.length ? Math.max(0, Math.min(...ends)) : null
}
