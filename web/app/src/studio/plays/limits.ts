/** How many of a coupon one person may have, as typed; empty is no limit. */
import { t } from '../lang'
import { parseCount } from '../money'
import type { CouponTemplate } from '../types'

export interface Limits {
  per_person: string
  per_day: string
  per_show: string
}

export const NO_LIMITS: Readonly<Limits> = { per_person: '1', per_day: '', per_show: '' }

export function checkLimits(limits: Limits, total: number | null, errors: Partial<Record<keyof Limits, string>>): void {
  const most = parseCount(limits.per_person)
  if (!most || (total && most > total)) errors.per_person = total ? t('plays.per_wrong', { most: total }) : t('field.count')
  for (const name of ['per_day', 'per_show'] as const) {
    const n = parseCount(limits[name])
    if (limits[name] && (!n || n > (most || n))) errors[name] = t('plays.per_wrong', { most: most || 1 })
  }
}

export function limitsOf(limits: Limits): Pick<CouponTemplate, keyof Limits> {
  return {
    per_person: parseCount(limits.per_person) ?? 1,
    per_day: parseCount(limits.per_day) || null,
    per_show: parseCount(limits.per_show) || null,
  }
}

/** The same of a coupon there is, in few words. */
export function eachOf({ per_person, per_day, per_show }: Pick<CouponTemplate, keyof Limits>): string {
  const parts = [t('plays.each_n', { n: per_person })]
  if (per_day) parts.push(t('plays.each_day', { n: per_day }))
  if (per_show) parts.push(t('plays.each_show', { n: per_show }))
  return parts.join(' · ')
}
