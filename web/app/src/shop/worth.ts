/** What a coupon is worth, in as few signs as go into a sentence or a chip. */
import type { Coupon } from '@sdk/plays'
import type { Lang, Words } from '../ui/words'

export function worth({ kind, percent, amount_minor }: Pick<Coupon, 'kind' | 'percent' | 'amount_minor'>, say: Words, money: (minor: number) => string, lang: Lang): string {
  if (kind === 'shipping') return say('coupon.shipping', { amount: money(amount_minor) })
  if (kind !== 'percent') return money(amount_minor)
  // In Chinese one says what is left to pay, in tenths: 15 % off is 8.5.
  return say('coupon.percent', { n: lang === 'zh-CN' ? (100 - (percent ?? 0)) / 10 : (percent ?? 0) })
}
