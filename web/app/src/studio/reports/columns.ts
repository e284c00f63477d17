/** The figures both report tables show, in one order, each with how it is written. */
import { fullCount, price } from '../../ui/numbers'
import { lang, t } from '../lang'
import { watched } from '../times'
import type { WordKey } from '../words'

export interface Column {
  key: string
  label: string
  what: string
  bots?: boolean
}

const HAS_WORDS = (name: string): { label: string; what: string } => ({
  label: t(`fig.${name}` as WordKey),
  what: t(`fig.${name}.what` as WordKey),
})

/** Names are the wire's; the words of two of them are shorter than their keys. */
const WORDS: Record<string, string> = { watch_ms: 'watch', paid_minor: 'paid' }

/** `unnamed`: there are openings without a name, which only a shop that asks for consent has. */
export function columns(keys: readonly string[], bots: boolean, unnamed: boolean): Column[] {
  return keys
    .filter((key) => (bots || key !== 'bot_hits') && (unnamed || key !== 'openings'))
    .map((key) => ({ key, ...HAS_WORDS(WORDS[key] ?? key) }))
}

export function cell(row: object, key: string, currency: string): string {
  const value = (row as Record<string, unknown>)[key]
  if (typeof value !== 'number') return t('common.none')
  if (key === 'watch_ms') return watched(value)
  if (key === 'paid_minor') return value ? price(value, currency, lang.value, true) : t('common.none')
  return fullCount(value, lang.value)
}
