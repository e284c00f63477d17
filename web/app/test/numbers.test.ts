import { afterEach, describe, expect, it, vi } from 'vitest'
import { ago, bitrate, clock, fullCount, minorDigits, moment, price, priceParts, roomCount, showTime } from '../src/ui/numbers'

describe('price', () => {
  it('follows the currency, not the language', () => {
    expect(price(9900, 'CNY', 'zh-CN')).toBe('¥99')
    expect(price(9900, 'CNY', 'en')).toBe('¥99')
    expect(price(123_456, 'USD', 'en')).toBe('$1,234.56')
    expect(price(1200, 'JPY', 'zh-CN')).toBe('¥1,200')
    expect(minorDigits('JPY')).toBe(0)
  })

  it('strips empty decimals in rooms and keeps them in orders', () => {
    expect(price(8850, 'CNY', 'zh-CN')).toBe('¥88.50')
    expect(price(9900, 'CNY', 'zh-CN', true)).toBe('¥99.00')
  })

  it('puts a true minus before the sign and gives parts to set apart', () => {
    expect(price(-1000, 'CNY', 'en')).toBe('−¥10')
    expect(priceParts(8850, 'CNY', 'en')).toMatchObject({ sign: '¥', integer: '88', decimals: '.50', minus: '' })
  })
})

describe('counts and times', () => {
  it('says a small bitrate in its own unit, never as a tenth', () => {
    expect(bitrate(96, 'zh-CN')).toBe('96 kbps')
    expect(bitrate(1480, 'en')).toBe('1.5 Mbps')
    expect(bitrate(3000, 'en')).toBe('3 Mbps')
  })

  it('is compact only from ten thousand', () => {
    expect(roomCount(9999, 'zh-CN')).toBe('9,999')
    expect(roomCount(12_840, 'zh-CN')).toBe('1.3万')
    expect(roomCount(12_840, 'en')).toBe('12.8K')
    expect(fullCount(1_234_567, 'en')).toBe('1,234,567')
  })

  it('writes clocks as mm:ss and h:mm:ss', () => {
    expect(clock(252)).toBe('04:12')
    expect(clock(3723)).toBe('1:02:03')
    expect(clock(-5)).toBe('00:00')
  })

  it('says minutes for an hour, then the moment', () => {
    const now = new Date(2026, 10, 22, 20, 5)
    expect(ago(new Date(2026, 10, 22, 20, 2).toISOString(), 'zh-CN', now)).toBe('3分钟前')
    expect(ago(new Date(2026, 10, 22, 20, 2).toISOString(), 'en', now)).toBe('3 minutes ago')
    expect(ago(new Date(2026, 10, 22, 18, 0).toISOString(), 'en', now)).toBe('18:00')
    expect(moment(new Date(2026, 10, 21, 20, 5).toISOString(), 'en', now)).toBe('Nov 21, 20:05')
    expect(moment(new Date(2026, 10, 21, 20, 5).toISOString(), 'zh-CN', now)).toBe('11月21日 20:05')
  })
})

describe('when a show starts', () => {
  const at = (zone: string, lang: 'zh-CN' | 'en') => {
    vi.stubEnv('TZ', zone)
    return showTime('2026-11-24T20:00:00+08:00', lang === 'en' ? 'GMT+8' : '北京时间', lang)
  }
  afterEach(() => vi.unstubAllEnvs())

  it('says the same as the document to who lives in the shop’s hours', () => {
    expect(at('Asia/Shanghai', 'zh-CN')).toEqual({ when: '11月24日 20:00', zone: '北京时间', there: '' })
    expect(at('Asia/Singapore', 'en')).toEqual({ when: 'Nov 24, 20:00', zone: 'GMT+8', there: '' })
  })

  it('says the reader’s own hour elsewhere, and the shop’s beside it', () => {
    expect(at('Europe/London', 'en')).toEqual({ when: 'Nov 24, 12:00', zone: 'GMT', there: 'Nov 24, 20:00 GMT+8' })
    expect(at('Asia/Kolkata', 'zh-CN')).toEqual({ when: '11月24日 17:30', zone: 'GMT+5:30', there: '11月24日 20:00 北京时间' })
    expect(at('Pacific/Auckland', 'en')).toMatchObject({ when: 'Nov 25, 01:00', zone: 'GMT+13' })
    expect(at('America/St_Johns', 'en')).toMatchObject({ when: 'Nov 24, 08:30', zone: 'GMT-3:30' })
  })

  it('takes a moment in UTC as well', () => {
    vi.stubEnv('TZ', 'Asia/Shanghai')
    expect(showTime('2026-11-24T12:00:00Z', 'GMT', 'en')).toEqual({ when: 'Nov 24, 20:00', zone: 'GMT+8', there: 'Nov 24, 12:00 GMT' })
  })
})
