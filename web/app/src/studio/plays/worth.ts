/** What a coupon takes off, as staff and buyers read it. */
import { price } from '../../ui/numbers'
import { lang, t } from '../lang'
import { currency } from '../session'
import type { CouponTemplate } from '../types'

export function worthOf({ kind, percent, amount_minor }: Pick<CouponTemplate, 'kind' | 'percent' | 'amount_minor'>): string {
  const amount = price(amount_minor, currency.value, lang.value)
  if (kind === 'percent') return t('plays.worth_percent', { n: lang.value === 'zh-CN' ? (100 - (percent ?? 0)) / 10 : (percent ?? 0), amount })
  return kind === 'shipping' ? t('plays.worth_shipping', { amount }) : amount
}
