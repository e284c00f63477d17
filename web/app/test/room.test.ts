import { describe, expect, it } from 'vitest'
import { calendarText } from '../src/rooms/calendar'
import { buyerProblems } from '../src/shop/buyer'
import { refused } from '../src/shop/refusals'

describe('buyer', () => {
  it('wants a name, a telephone number and an address', () => {
    expect(Object.keys(buyerProblems({ name: ' ', phone: '12', address: 'x' }, 'ship'))).toEqual(['name', 'phone', 'address'])
    expect(buyerProblems({ name: '林', phone: '+86 138 0013 8000', address: '西湖路 1 号' }, 'ship')).toEqual({})
    expect(buyerProblems({ name: 'Lin', phone: '138-0013x8000', address: '1 West Lake Rd' }, 'ship')).toHaveProperty('phone')
  })
})

it('writes a calendar entry that other programs read', () => {
  const text = calendarText('春茶, 开采; 头采', '2026-11-24T12:00:00Z', 'https://shop.example/r/tea', new Date('2026-11-23T00:00:00Z'))
  expect(text).toContain('DTSTART:20261124T120000Z\r\n')
  expect(text).toContain('SUMMARY:春茶\\, 开采\\; 头采\r\n')
  expect(text.split('\r\n')[0]).toBe('BEGIN:VCALENDAR')
})

it('has words for what an order of several things is refused for', () => {
  const codes = ['coupon_scope', 'coupon_threshold', 'order_separately', 'product_not_found']
  expect(codes.map((code) => refused[code])).toEqual(['buy.coupon_none', 'buy.coupon_none', 'cart.apart', 'cart.off_sale'])
})
