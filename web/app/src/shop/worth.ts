/** What a coupon is called by what it is worth, in as few signs as go into a sentence or a chip. */
import type { Coupon } from '@sdk/plays'
import type { Lang, Words } from '../ui/words'

type Promised = Pick<Coupon, 'kind' | 'percent' | 'amount_minor' | 'product_ids'> & { scoped?: boolean }

export function worth(coupon: Promised, say: Words, money: (minor: number) => string, lang: Lang): string {
  const off = taken(coupon, say, money, lang)
  return coupon.scoped || coupon.product_ids ? say('coupon.scoped', { worth: off }) : off
}

function taken({ kind, percent, amount_minor }: Promised, say: Words, money: (minor: number) => string, lang: Lang): string {
  if (kind === 'shipping') return say('coupon.shipping', { amount: money(amount_minor) })
  if (kind !== 'percent') return say('coupon.amount', { amount: money(amount_minor) })
  // In Chinese one says what is left to pay, in tenths: 15 % off is 8.5.
  return say('coupon.percent', { n: lang === 'zh-CN' ? (100 - (percent ?? 0)) / 10 : (percent ?? 0) })
}
