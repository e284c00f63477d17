/** A live price stands in while it holds; the buyer pays it or their coupon, whichever is less. */
import { describe, expect, it } from 'vitest'
import type { Product } from '@sdk/events'
import type { Coupon } from '@sdk/plays'
import { buyerProblems } from '../src/shop/buyer'
import { bestDeal, isOfferedFor } from '../src/shop/deal'
import { nextEnd, picked, priced, startsAt } from '../src/shop/livePrices'

const NOW = Date.parse('2026-11-25T12:00:00Z')
const plain: Product = {
  id: 'prd_1', title: '茶', subtitle: '', price_minor: 9_900, list_price_minor: 12_900, stock: 50, picture: null, delivery: 'ship', pinned: true,
  live_price_id: null, live_price_minor: null, live_price_until: null, live_price_left: null, live_price_each: null, variants: [],
}
const lower: Product = { ...plain, live_price_id: 'lvp_1', live_price_minor: 7_900, live_price_until: '2026-11-25T12:05:00Z' }
const coupon = (amount: number, threshold = 0, more: Partial<Coupon> = {}): Coupon => ({
  id: `cpn_${amount}`, kind: 'amount', percent: null, amount_minor: amount, threshold_minor: threshold, title: '', ...more,
})

describe('the price that holds now', () => {
  it('is the live one, with the regular one struck', () => {
    const shown = priced(lower, NOW)
    expect([shown.price_minor, shown.list_price_minor, shown.regular_minor]).toEqual([7_900, 9_900, 9_900])
    expect(shown.live?.until).toBe(NOW + 300_000)
  })

  it('is the regular one when there is none, it is over, taken, or not lower', () => {
    const others = [plain, { ...lower, live_price_left: 0 }, { ...lower, live_price_minor: 9_900 }]
    for (const product of others) expect(priced(product, NOW)).toMatchObject({ price_minor: 9_900, list_price_minor: 12_900, live: null })
    expect(priced(lower, NOW + 300_000).live).toBeNull()
    expect(priced(lower, NOW + 299_999).live).not.toBeNull()
  })

  it('ends when the first of them does', () => {
    const later = { ...lower, live_price_until: '2026-11-25T12:09:00Z' }
    expect(nextEnd([priced(later, NOW), priced(plain, NOW), priced(lower, NOW)], NOW)).toBe(300_000)
    expect(nextEnd([priced(plain, NOW)], NOW)).toBeNull()
  })
})

describe('a variant that was picked', () => {
  const variants = [
    { id: 'var_1', title: '红', title_en: 'Red', price_minor: 9_900, stock: 3 },
    { id: 'var_2', title: '蓝', title_en: 'Blue', price_minor: 11_900, stock: 0 },
  ]

  it('has its own price and stock', () => {
    const product = priced({ ...plain, variants }, NOW)
    expect(picked(product, 'var_2')).toMatchObject({ price_minor: 11_900, regular_minor: 11_900, stock: 0, list_price_minor: null })
    expect(picked(product, undefined)).toBe(product)
    expect(picked(product, 'var_gone')).toBe(product)
    expect(startsAt(product)).toBe(true)
    expect(startsAt(priced({ ...plain, variants: variants.slice(0, 1) }, NOW))).toBe(false)
  })

  it('is measured from its own price under a live price', () => {
    const blue = picked(priced({ ...lower, variants }, NOW), 'var_2')
    expect(blue).toMatchObject({ price_minor: 7_900, list_price_minor: 11_900 })
    expect(bestDeal(blue, 2, [])).toMatchObject({ subtotal: 23_800, off: 8_000, total: 15_800 })
  })
})

describe('the best deal', () => {
  it('takes the live price or the coupon, never both', () => {
    const product = priced(lower, NOW)
    expect(bestDeal(product, 2, [coupon(1_000)])).toMatchObject({ subtotal: 19_800, off: 4_000, total: 15_800, coupon: null })
    const withCoupon = bestDeal(product, 1, [coupon(3_000)])
    expect(withCoupon).toMatchObject({ off: 3_000, total: 6_900, live: null })
    expect(withCoupon.coupon?.id).toBe('cpn_3000')
  })

  it('measures a coupon by the regular price and never goes below nothing', () => {
    expect(bestDeal(priced(lower, NOW), 1, [coupon(2_500, 9_900)]).coupon).not.toBeNull()
    expect(bestDeal(priced(plain, NOW), 1, [coupon(20_000)]).total).toBe(0)
  })

  it('goes on without a live price that does not reach, or was refused', () => {
    const few = priced({ ...lower, live_price_left: 1, live_price_each: 3 }, NOW)
    expect(bestDeal(few, 1, []).live).not.toBeNull()
    expect(bestDeal(few, 2, [])).toMatchObject({ live: null, total: 19_800 })
    const each = priced({ ...lower, live_price_each: 2 }, NOW)
    expect(bestDeal(each, 3, []).live).toBeNull()
    expect(bestDeal(each, 1, [], { declined: 'lvp_1' })).toMatchObject({ live: null, total: 9_900 })
  })
})

describe('the fee for shipping', () => {
  const rule = { fee_minor: 800, free_from_minor: 19_800, pickup_place: '', pickup_place_en: '' }

  it('is asked until what is paid for the goods reaches the sum', () => {
    expect(bestDeal(priced(plain, NOW), 1, [], { rule })).toMatchObject({ fee: 800, toFree: 9_900, total: 10_700 })
    expect(bestDeal(priced(plain, NOW), 2, [], { rule })).toMatchObject({ fee: 0, toFree: null, total: 19_800 })
    expect(bestDeal(priced(plain, NOW), 2, [coupon(100)], { rule, chosen: 'cpn_100' })).toMatchObject({ off: 100, fee: 800, toFree: 100, total: 20_500 })
    expect(bestDeal(priced(plain, NOW), 9, [], { rule: { ...rule, free_from_minor: null } })).toMatchObject({ fee: 800, toFree: null })
  })

  it('is not asked for what is not shipped, or when there is none', () => {
    for (const delivery of ['pickup', 'digital'] as const)
      expect(bestDeal(priced({ ...plain, delivery }, NOW), 1, [], { rule })).toMatchObject({ fee: 0, total: 9_900 })
    expect(bestDeal(priced(plain, NOW), 1, [], { rule: { ...rule, fee_minor: 0 } })).toMatchObject({ fee: 0, toFree: null })
  })

  it('is what a coupon for delivery takes off, and nothing else is', () => {
    const pays = coupon(500, 0, { kind: 'shipping' })
    expect(bestDeal(priced(plain, NOW), 1, [pays], { rule })).toMatchObject({ off: 500, fee: 800, total: 10_200, coupon: pays })
    expect(bestDeal(priced(plain, NOW), 2, [pays], { rule })).toMatchObject({ off: 0, coupon: null, offers: [], total: 19_800 })
    const tenth = coupon(2_000, 0, { kind: 'percent', percent: 15 })
    expect(bestDeal(priced(plain, NOW), 1, [tenth], { rule })).toMatchObject({ off: 1_485, total: 9_215 })
    expect(bestDeal(priced(plain, NOW), 3, [tenth], { rule })).toMatchObject({ off: 2_000, total: 27_700 })
  })

  it('decides which coupon is best, and the buyer may choose another or none', () => {
    const big = coupon(1_000)
    const pays = coupon(800, 0, { id: 'cpn_way', kind: 'shipping' })
    const found = bestDeal(priced(plain, NOW), 1, [pays, big], { rule })
    expect([found.coupon, found.offers.map((one) => one.id)]).toEqual([big, ['cpn_1000', 'cpn_way']])
    expect(bestDeal(priced(plain, NOW), 1, [pays, big], { rule, chosen: 'cpn_way' })).toMatchObject({ coupon: pays, total: 9_900 })
    expect(bestDeal(priced(plain, NOW), 1, [pays, big], { rule, chosen: '' })).toMatchObject({ coupon: null, total: 10_700 })
    // One that takes the order below free delivery is no gain.
    const small = bestDeal(priced(plain, NOW), 2, [coupon(100)], { rule })
    expect([small.coupon, small.total, small.offers.length]).toEqual([null, 19_800, 1])
  })

  it('asks a buyer only for what the way needs', () => {
    const nobody = { name: '', phone: '', address: '' }
    expect(Object.keys(buyerProblems(nobody, 'ship'))).toEqual(['name', 'phone', 'address'])
    expect(Object.keys(buyerProblems(nobody, 'pickup'))).toEqual(['name', 'phone'])
    expect(buyerProblems(nobody, 'digital')).toEqual({})
  })
})

it('the coupon of the room stands beside a product it is for', () => {
  const open = { title: '', kind: 'amount' as const, percent: null, amount_minor: 1_000, threshold_minor: 5_000, left: 3, again: false }
  expect(isOfferedFor(open, priced(plain, NOW))).toBe(true)
  for (const other of [{ scoped: true }, { left: 0 }, { threshold_minor: 9_901 }]) expect(isOfferedFor({ ...open, ...other }, priced(plain, NOW))).toBe(false)
  expect(isOfferedFor(open, priced(lower, NOW))).toBe(false)
})
