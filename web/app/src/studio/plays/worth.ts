/** What a coupon takes off, as staff and buyers read it. */
import { price } from '../../ui/numbers'
import { lang, t } from '../lang'
import { currency } from '../session'
import type { CouponTemplate } from '../types'

type Promised = Pick<CouponTemplate, 'kind' | 'percent' | 'amount_minor' | 'product_ids'>

export function worthOf(coupon: Promised): string {
  return coupon.product_ids ? t('plays.worth_scoped', { worth: taken(coupon) }) : taken(coupon)
}

function taken({ kind, percent, amount_minor }: Promised): string {
  const amount = price(amount_minor, currency.value, lang.value)
  if (kind === 'percent') return t('plays.worth_percent', { n: lang.value === 'zh-CN' ? (100 - (percent ?? 0)) / 10 : (percent ?? 0), amount })
  return kind === 'shipping' ? t('plays.worth_shipping', { amount }) : amount
}
