import { describe, expect, it } from 'vitest'
import { perShare, reportSentence, stepRate } from '@app/studio/reports/sentence'

const none = { visitors: 0, buyers: 0, paid_minor: 0 }
const busy = { visitors: 1904, buyers: 83, paid_minor: 1243000 }

describe('the sentence of a report', () => {
  it('says what happened, in both languages', () => {
    expect(reportSentence(412, busy, 'CNY', 'en')).toBe('412 shares brought 1,904 friends; 83 bought for ¥12,430.')
    expect(reportSentence(412, busy, 'CNY', 'zh-CN')).toBe('412 次分享带来 1,904 位朋友，83 人下单 ¥12,430。')
  })

  it('speaks of one share and one friend as one', () => {
    const one = { visitors: 1, buyers: 1, paid_minor: 8900 }
    expect(reportSentence(1, one, 'CNY', 'en')).toBe('1 share brought 1 friend; 1 bought for ¥89.')
  })

  it('does not claim friends or orders that are not there', () => {
    expect(reportSentence(0, none, 'CNY', 'en')).toBeNull()
    expect(reportSentence(3, none, 'CNY', 'zh-CN')).toBe('3 次分享发出去了，还没有朋友点开。')
    expect(reportSentence(3, { ...none, visitors: 2 }, 'CNY', 'en')).toBe(
      '3 shares brought 2 friends; nobody has bought yet.',
    )
  })

  it('uses the currency of the shop', () => {
    expect(reportSentence(412, { ...busy, paid_minor: 120050 }, 'USD', 'en')).toMatch(/\$1,200\.50\.$/)
    expect(reportSentence(412, { ...busy, paid_minor: 1200 }, 'JPY', 'zh-CN')).toMatch(/¥1,200。$/)
  })
})

describe('rates between steps', () => {
  it('has no rate from nothing', () => {
    expect(stepRate(0, 0, 'en')).toBeNull()
    expect(perShare(0, 3, 'en')).toBeNull()
  })
  it('is whole per cent, and friends per share with one decimal', () => {
    expect(stepRate(40, 17, 'zh-CN')).toBe('43%')
    expect(perShare(23, 40, 'en')).toBe('1.7')
  })
})
