/** What the studio's money and count fields need besides `ui/amounts.ts`. */
import { priceParts } from '../ui/numbers'
import type { Lang } from '../ui/words'

export { editMoney, parseMoney } from '../ui/amounts'

/** The sign a money field shows in front: ¥, $, ₩ … */
export function moneySign(currency: string, lang: Lang): string {
  return priceParts(0, currency, lang).sign
}

/** A whole number typed by a person, or null. */
export function parseCount(typed: string): number | null {
  const plain = typed.normalize('NFKC').replace(/[\s,]/g, '')
  return /^\d{1,9}$/.test(plain) ? Number(plain) : null
}
