import { expect, test } from 'vitest'
import type { CartLine } from '@sdk/cart'
import { canBuy, changeOf, firstPicks, groupsOf, keyOf, leftOf, livePriceOf, nextPicks, ORDER_LINES_MAX } from '../src/shop/cartLines'

const line = (product_id: string, more: Partial<CartLine> = {}): CartLine => ({
  product_id, variant_id: '', room_id: null, quantity: 1, seen_minor: 9900, title: '茶', title_en: 'Tea', variant_title: '', variant_title_en: '',
  picture: '', delivery: 'ship', currency: 'CNY', price_minor: 9900, live_price_id: null, live_price_minor: null, live_price_until: null,
  live_price_left: null, live_price_each: null, stock: 50, state: 'here', order_id: null, ...more,
})

test('what goes different ways is different orders', () => {
  const lines = [line('a', { delivery: 'digital' }), line('b'), line('c', { delivery: 'pickup' }), line('d')]
  expect(groupsOf(lines).map((group) => [group.delivery, group.lines.map((one) => one.product_id)])).toEqual([
    ['ship', ['b', 'd']], ['pickup', ['c']], ['digital', ['a']],
  ])
})

test('only what can be bought now is offered, one order of it', () => {
  const lines = [line('gone', { state: 'sold_out' }), line('ordered', { order_id: 'o' }), line('here'), line('place', { delivery: 'pickup' })]
  expect(lines.map(canBuy)).toEqual([false, false, true, true])
  expect([...firstPicks(lines, [])]).toEqual([keyOf(lines[2]!)])
  expect([...firstPicks(lines, [lines[3]!])]).toEqual([keyOf(lines[3]!)])
  const many = Array.from({ length: ORDER_LINES_MAX + 5 }, (_, n) => line(`p${n}`))
  expect(firstPicks(many, []).size).toBe(ORDER_LINES_MAX)
})

test('what was not chosen stays so, what is new is chosen with the rest', () => {
  const [a, b, c, place] = [line('a'), line('b'), line('c'), line('p', { delivery: 'pickup' })]
  const keys = (...of: CartLine[]): Set<string> => new Set(of.map(keyOf))
  expect(nextPicks([a, b, place], keys(), null)).toEqual(keys(a, b))
  expect(nextPicks([a, b], keys(), keys(a, b))).toEqual(keys())
  expect(nextPicks([a, b, c], keys(a), keys(a, b))).toEqual(keys(a, c))
  expect(nextPicks([a, place], keys(a), keys(a))).toEqual(keys(a))
  expect(nextPicks([a, place], keys(), keys(a))).toEqual(keys(place))
  expect(nextPicks([line('a', { state: 'sold_out' }), b], keys(a, b), keys(a, b))).toEqual(keys(b))
})

test('a live price holds for all the pieces of a line or not at all', () => {
  const live = { live_price_id: 'l', live_price_minor: 5000, live_price_until: '2026-11-28T12:00:00Z', live_price_left: 3, live_price_each: 2 }
  const now = Date.parse('2026-11-28T11:00:00Z')
  expect(livePriceOf(line('a', { ...live, quantity: 2 }), now, new Set())).toBe('l')
  expect(livePriceOf(line('a', { ...live, quantity: 3 }), now, new Set())).toBeNull()
  expect(livePriceOf(line('a', { ...live, live_price_each: null, quantity: 4 }), now, new Set())).toBeNull()
  expect(livePriceOf(line('a', live), now + 3_600_000, new Set())).toBeNull()
  expect(livePriceOf(line('a', live), now, new Set(['l']))).toBeNull()
})

test('what changed since it was put in is said', () => {
  expect(changeOf(line('a', { seen_minor: 7900 }), 9900)).toBe(2000)
  expect(leftOf(line('a', { stock: 3 }))).toBe(3)
  expect(leftOf(line('a', { stock: 21 }))).toBeNull()
  expect(leftOf(line('a', { stock: 0, state: 'sold_out' }))).toBeNull()
})
