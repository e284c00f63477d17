/** Variants as the form holds them (typed text) and as the server takes them. */
import type { Variant } from '@sdk/events'

import { editMoney, parseCount, parseMoney } from '../money'

export interface VariantDraft extends Omit<Variant, 'id'> {
  id: string | null
  stock_change: number
}

export interface VariantRow {
  key: number
  id: string | null
  title: string
  title_en: string
  price: string
  stock: string
  /** What was left when the form opened: orders go on, so the difference is what is sent. */
  before: number
}

let keys = 0

export function blankRow(): VariantRow {
  return { key: ++keys, id: null, title: '', title_en: '', price: '', stock: '', before: 0 }
}

export function rowsOf(variants: Variant[], currency: string): VariantRow[] {
  return variants.map(({ id, title, title_en, price_minor, stock }) => ({
    key: ++keys, id, title, title_en, price: editMoney(price_minor, currency), stock: String(stock), before: stock,
  }))
}

/** What to send, or null when a row is not complete. */
export function drafts(rows: VariantRow[], currency: string): VariantDraft[] | null {
  const found = rows.map((row) => {
    const price = parseMoney(row.price, currency)
    const stock = parseCount(row.stock)
    const title = row.title.trim() || row.title_en.trim()
    if (!price || stock === null || !title) return null
    const counts = row.id ? { stock: 0, stock_change: stock - row.before } : { stock, stock_change: 0 }
    return { id: row.id, title, title_en: row.title_en.trim(), price_minor: price, ...counts }
  })
  return found.every((one) => one !== null) ? found : null
}

/** Whether the rows say something else than what the product has. */
export function differ(rows: VariantRow[], variants: Variant[], currency: string): boolean {
  const plain = (list: VariantRow[]): string => JSON.stringify(list.map(({ id, title, title_en, price, stock }) => [id, title, title_en, price, stock]))
  return plain(rows) !== plain(rowsOf(variants, currency))
}
