/**
 * Money typed by people, as integer minor units and back.
 *
 * Never through a float: "19.90" is cut into digits, so what is stored is what was typed.
 */
import { minorDigits } from './numbers'

const AMOUNT_MINOR_MAX = 10 ** 13

/** Minor units of what was typed, or null when it is not an amount of this currency. */
export function parseMoney(typed: string, currency: string): number | null {
  const places = minorDigits(currency)
  const plain = typed
    .normalize('NFKC')
    .replace(/。/g, '.')
    .replace(/[\s¥$€£₩]/g, '')
    .replace(/,(?=\d{3}(?:\D|$))/g, '')
  const match = /^(\d{1,12})(?:\.(\d*))?$/.exec(plain)
  if (!match) return null
  const cents = match[2] ?? ''
  if (cents.length > places) return null
  const minor = Number((match[1] ?? '') + cents.padEnd(places, '0'))
  return minor <= AMOUNT_MINOR_MAX ? minor : null
}

/** What a money field starts with: plain digits, decimals only when there are any. */
export function editMoney(amountMinor: number | null, currency: string): string {
  if (amountMinor === null) return ''
  const places = minorDigits(currency)
  if (places === 0) return String(amountMinor)
  const digits = String(amountMinor).padStart(places + 1, '0')
  const cents = digits.slice(-places)
  const whole = digits.slice(0, -places)
  return Number(cents) === 0 ? whole : `${whole}.${cents}`
}
