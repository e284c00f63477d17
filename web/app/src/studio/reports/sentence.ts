/**
 * The first line of a report: what the shares brought, from real numbers, in one sentence.
 *
 * It says only what happened: no friends yet and no orders yet are sentences of their own.
 */
import { price } from '../../ui/numbers'
import type { Lang } from '../../ui/words'
import { say } from '../words'
import type { ShareTotals } from '../types'

type Numbers = Pick<ShareTotals, 'visitors' | 'buyers' | 'paid_minor'>

/** `shares` are those that went out, as the funnel below counts them. */
export function reportSentence(shares: number, numbers: Numbers, currency: string, lang: Lang): string | null {
  if (shares === 0) return null
  const vars = {
    shares: say(lang, 'report.n_shares', { n: shares }),
    friends: say(lang, 'report.n_friends', { n: numbers.visitors }),
    buyers: numbers.buyers,
    paid: price(numbers.paid_minor, currency, lang),
  }
  if (numbers.visitors === 0) return say(lang, 'report.sentence_shares', vars)
  if (numbers.buyers === 0) return say(lang, 'report.sentence_friends', vars)
  return say(lang, 'report.sentence', vars)
}

/** "43%": how many of the earlier step went on; null when there was nobody to go on. */
export function stepRate(from: number, to: number, lang: Lang): string | null {
  if (from === 0) return null
  return new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 0 }).format(to / from)
}

/** "2.3": friends per share, one decimal; null when nothing was shared. */
export function perShare(shares: number, friends: number, lang: Lang): string | null {
  if (shares === 0) return null
  return new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(friends / shares)
}
