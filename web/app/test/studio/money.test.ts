import { describe, expect, it } from 'vitest'
import { editMoney, moneySign, parseCount, parseMoney } from '@app/studio/money'

describe('money typed by people', () => {
  it.each([
    ['99', 9900],
    ['19.9', 1990],
    ['19.90', 1990],
    ['0.07', 7],
    ['¥ 1,299.00', 129900],
    ['￥１２，０００', 1200000],
    ['12。5', 1250],
    ['4.', 400],
  ])('%s is %i fen', (typed, minor) => expect(parseMoney(typed, 'CNY')).toBe(minor))

  it.each(['', 'abc', '1.999', '-5', '1,2', '.5', '9'.repeat(13), '1e3'])('%s is no amount', (typed) =>
    expect(parseMoney(typed, 'CNY')).toBeNull(),
  )

  it('never passes through a float', () => expect(parseMoney('1234567890.29', 'CNY')).toBe(123456789029))

  it('knows currencies without decimals', () => {
    expect(parseMoney('1,200', 'JPY')).toBe(1200)
    expect(parseMoney('1200.5', 'JPY')).toBeNull()
    expect(editMoney(1200, 'JPY')).toBe('1200')
  })

  it('starts a field with what was stored', () => {
    expect(editMoney(9900, 'CNY')).toBe('99')
    expect(editMoney(1990, 'CNY')).toBe('19.90')
    expect(editMoney(7, 'CNY')).toBe('0.07')
    expect(editMoney(0, 'CNY')).toBe('0')
    expect(editMoney(null, 'CNY')).toBe('')
    for (const minor of [1, 99, 100, 12345, 9990]) {
      expect(parseMoney(editMoney(minor, 'CNY'), 'CNY')).toBe(minor)
    }
  })

  it('shows the sign of the shop', () => {
    expect(moneySign('CNY', 'zh-CN')).toBe('¥')
    expect(moneySign('USD', 'en')).toBe('$')
  })
})

describe('counts typed by people', () => {
  it('takes whole numbers only', () => {
    expect(parseCount('1,200')).toBe(1200)
    expect(parseCount('０')).toBe(0)
    expect(parseCount('1.5')).toBeNull()
    expect(parseCount('')).toBeNull()
    expect(parseCount('-1')).toBeNull()
  })
})
