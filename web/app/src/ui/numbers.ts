/**
 * Prices, counts and times, always by `Intl`, by look.md §7. Money is integer minor units; the
 * currency says how many digits those are.
 */
import type { Lang } from './words'

export interface PriceParts {
  minus: string
  sign: string
  integer: string
  decimals: string
  text: string
}

const formats = new Map<string, Intl.NumberFormat>()

function currencyFormat(lang: Lang, currency: string, whole: boolean): Intl.NumberFormat {
  const key = `${lang}|${currency}|${whole}`
  let format = formats.get(key)
  if (!format) {
    const digits = whole ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}
    format = new Intl.NumberFormat(lang, {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      ...digits,
    })
    formats.set(key, format)
  }
  return format
}

export function minorDigits(currency: string): number {
  return currencyFormat('en', currency, false).resolvedOptions().maximumFractionDigits ?? 2
}

/** `keepDecimals` is for orders and ledgers; a room and a card strip empty decimals. */
export function priceParts(
  minor: number,
  currency: string,
  lang: Lang,
  { keepDecimals = false }: { keepDecimals?: boolean } = {},
): PriceParts {
  const unit = 10 ** minorDigits(currency)
  const whole = !keepDecimals && minor % unit === 0
  const parts = currencyFormat(lang, currency, whole).formatToParts(Math.abs(minor) / unit)
  const pick = (...types: string[]): string =>
    parts
      .filter((part) => types.includes(part.type))
      .map((part) => part.value)
      .join('')
  const minus = minor < 0 ? '−' : ''
  const sign = pick('currency')
  const integer = pick('integer', 'group')
  const decimals = pick('decimal', 'fraction')
  return { minus, sign, integer, decimals, text: minus + sign + integer + decimals }
}

export function price(minor: number, currency: string, lang: Lang, keepDecimals = false): string {
  return priceParts(minor, currency, lang, { keepDecimals }).text
}

/** Counts in a room: in full below 10,000, then compact with one decimal (1.3万, 12.8K). */
export function roomCount(count: number, lang: Lang): string {
  const compact = count >= 10_000
  return new Intl.NumberFormat(
    lang,
    compact ? { notation: 'compact', maximumFractionDigits: 1 } : {},
  ).format(count)
}

export function fullCount(count: number, lang: Lang): string {
  return new Intl.NumberFormat(lang).format(count)
}

/** mm:ss, h:mm:ss under a day; whole days are said in words by the caller. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(left / 3600)
  const tail = `${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`
  return hours ? `${hours}:${tail}` : tail
}

/** "20:05" today, else "11月22日 20:05" / "Nov 22, 20:05"; always the reader's zone, 24 h. */
export function moment(iso: string, lang: Lang, now: Date): string {
  const at = new Date(iso)
  const sameDay = at.toDateString() === now.toDateString()
  return new Intl.DateTimeFormat(lang, {
    ...(sameDay ? {} : { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
}

export interface ShowTime {
  /** "11月24日 20:00": the reader's own day and hour. */
  when: string
  /** Whose hour that is: "北京时间", "GMT+1". */
  zone: string
  /** The shop's day and hour with its zone, where they differ from the reader's; else "". */
  there: string
}

const SHOW: Intl.DateTimeFormatOptions = {
  month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
}

/** When a show starts. `iso` carries the shop's offset and `zone` is the server's word for it, so
 * that somebody in the same hours reads what the document said before any script. */
export function showTime(iso: string, zone: string, lang: Lang): ShowTime {
  const at = new Date(iso)
  const here = -at.getTimezoneOffset()
  const there = offsetMinutes(iso)
  const told = (date: Date, more = {}): string => new Intl.DateTimeFormat(lang, { ...SHOW, ...more }).format(date)
  const when = told(at)
  if (here === there) return { when, zone, there: '' }
  const shop = told(new Date(at.getTime() + there * 60_000), { timeZone: 'UTC' })
  return { when, zone: zoneName(here), there: `${shop} ${zone}` }
}

/** Minutes east of Greenwich, as the end of an ISO 8601 moment says. */
function offsetMinutes(iso: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(iso) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
}

function zoneName(minutes: number): string {
  if (!minutes) return 'GMT'
  const rest = Math.abs(minutes) % 60
  return `GMT${minutes < 0 ? '-' : '+'}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${rest}` : ''}`
}

/** "3 分钟前 / 3 minutes ago" under an hour, then the moment itself. */
export function ago(iso: string, lang: Lang, now: Date): string {
  const minutes = Math.floor((now.getTime() - Date.parse(iso)) / 60_000)
  if (minutes >= 60 || minutes < 0) return moment(iso, lang, now)
  return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-minutes, 'minute')
}

/** What a stream takes: 128 kbps, 1.5 Mbps. */
export function bitrate(kbps: number, lang: Lang): string {
  const [value, unit, digits] = kbps < 1000 ? [kbps, 'kbps', 0] : [kbps / 1000, 'Mbps', 1]
  return `${new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value)} ${unit}`
}
