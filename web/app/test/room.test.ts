import { describe, expect, it } from 'vitest'
import { calendarText } from '../src/rooms/calendar'
import { channelsFor } from '../src/sharing/channels'
import { buyerProblems } from '../src/shop/buyer'

const browser = { lang: 'zh-CN' as const, inWechat: false, canSystemShare: false, canShareFiles: false, isApple: false }

describe('channels', () => {
  it('offers the system’s sheet only where there is one', () => {
    expect(channelsFor('moment', browser).map((one) => one.id)).not.toContain('system')
    expect(channelsFor('moment', { ...browser, canSystemShare: true }).map((one) => one.id)).toContain('system')
  })

  it('points at WeChat’s own menu inside WeChat and saves a poster outside', () => {
    const find = (inWechat: boolean) => channelsFor('moment', { ...browser, inWechat }).find((one) => one.id === 'wechat')
    expect(find(true)).toMatchObject({ way: 'hint', shows: 'link' })
    expect(find(false)).toMatchObject({ way: 'save', shows: 'poster', action: 'share.do.save_poster' })
  })

  it('shows a poster only where a picture can go, and a link where words can', () => {
    expect(channelsFor('poster', browser).map((one) => one.id)).toEqual(['wechat', 'save_card'])
    expect(channelsFor('link', browser).map((one) => one.id)).not.toContain('save_card')
  })

  it('previews what the channel really carries', () => {
    const shows = (tab: 'moment' | 'poster' | 'link', more = {}) =>
      Object.fromEntries(channelsFor(tab, { ...browser, canSystemShare: true, ...more }).map((one) => [one.id, one.shows + one.cut]))
    expect(shows('moment')).toEqual({
      wechat: 'poster', copy_link: 'card', save_card: 'card', weibo: 'card', system: 'link', x: 'card2:1', whatsapp: 'card', telegram: 'card',
    })
    expect(shows('moment', { canShareFiles: true })['system']).toBe('card')
    expect(shows('moment', { canShareFiles: true, isApple: true })['system']).toBe('poster')
    expect(new Set(Object.values(shows('poster', { canShareFiles: true })))).toEqual(new Set(['poster']))
    expect(new Set(Object.values(shows('link', { canShareFiles: true })))).toEqual(new Set(['link']))
  })

  it('puts first what people of the language use', () => {
    expect(channelsFor('moment', browser)[0]?.id).toBe('wechat')
    expect(channelsFor('moment', { ...browser, lang: 'en' })[0]?.id).toBe('copy_link')
  })
})

describe('buyer', () => {
  it('wants a name, a telephone number and an address', () => {
    expect(Object.keys(buyerProblems({ name: ' ', phone: '12', address: 'x' }))).toEqual(['name', 'phone', 'address'])
    expect(buyerProblems({ name: '林', phone: '+86 138 0013 8000', address: '西湖路 1 号' })).toEqual({})
    expect(buyerProblems({ name: 'Lin', phone: '138-0013x8000', address: '1 West Lake Rd' })).toHaveProperty('phone')
  })
})

it('writes a calendar entry that other programs read', () => {
  const text = calendarText('春茶, 开采; 头采', '2026-11-24T12:00:00Z', 'https://shop.example/r/tea', new Date('2026-11-23T00:00:00Z'))
  expect(text).toContain('DTSTART:20261124T120000Z\r\n')
  expect(text).toContain('SUMMARY:春茶\\, 开采\\; 头采\r\n')
  expect(text.split('\r\n')[0]).toBe('BEGIN:VCALENDAR')
})
