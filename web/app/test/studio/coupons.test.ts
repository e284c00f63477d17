/** What staff type about limits and parts, and that the preview says what the room says. */
import { expect, test, vi } from 'vitest'
import { checkLimits, limitsOf } from '@app/studio/plays/limits'
import { fits, mostOf, partOf } from '@app/studio/plays/parts'
import { plays } from '@app/studio/words/plays'
import { speak } from '@app/ui/words'

vi.mock('@app/studio/lang', () => ({ t: (key: string) => key }))

test('the preview of a limit is what the room says', () => {
  for (const [name, key] of [
    ['per_person', 'coupon.coupon_limit'],
    ['per_day', 'coupon.coupon_limit_day'],
    ['per_show', 'coupon.coupon_limit_show'],
  ] as const) {
    expect(plays[`plays.said_${name}`]).toEqual([speak('zh-CN')(key), speak('en')(key)])
  }
})

test('a day and a show are within what one may have in all', () => {
  const wrong = (per_person: string, per_day: string, per_show: string, total: number | null = 100) => {
    const errors = {}
    checkLimits({ per_person, per_day, per_show }, total, errors)
    return Object.keys(errors)
  }
  expect(wrong('1', '', '')).toEqual([])
  expect(wrong('3', '3', '1')).toEqual([])
  expect(wrong('2', '3', '0')).toEqual(['per_day', 'per_show'])
  expect(wrong('', '1', '')).toEqual(['per_person'])
  expect(wrong('101', '', '')).toEqual(['per_person'])
  expect(wrong('2', 'x', '')).toEqual(['per_day'])
  expect(limitsOf({ per_person: '3', per_day: '１', per_show: '' })).toEqual({ per_person: 3, per_day: 1, per_show: null })
})

test('a room has at most the whole, a show at most its room', () => {
  expect(mostOf({ total: '', show_total: '' }, 50)).toEqual({ total: 50, show_total: 50 })
  expect(mostOf({ total: '20', show_total: '' }, 50)).toEqual({ total: 50, show_total: 20 })
  expect([fits('', 5), fits('5', 5), fits('6', 5), fits('0', 5), fits('a', 5)]).toEqual([true, true, false, false, false])
  expect(partOf({ total: '', show_total: ' ' })).toBe(null)
  expect(partOf({ total: '20', show_total: '' })).toEqual({ total: 20, show_total: null })
})
