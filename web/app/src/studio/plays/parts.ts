/** What a room may give of a coupon's total, as typed; empty is no limit. */
import { parseCount } from '../money'
import type { Part } from '../types'

export interface PartForm {
  total: string
  show_total: string
}

export function partForm(part: Part | null): PartForm {
  return { total: String(part?.total ?? ''), show_total: String(part?.show_total ?? '') }
}

/** The highest number that fits each field: template ≥ room ≥ show. */
export function mostOf(form: PartForm, templateTotal: number): Record<keyof PartForm, number> {
  return { total: templateTotal, show_total: Math.min(parseCount(form.total) || templateTotal, templateTotal) }
}

export function fits(typed: string, most: number): boolean {
  const n = parseCount(typed)
  return typed.trim() === '' || (n !== null && n > 0 && n <= most)
}

/** null when nothing is limited. */
export function partOf(form: PartForm): Part | null {
  const part = { total: parseCount(form.total) || null, show_total: parseCount(form.show_total) || null }
  return part.total || part.show_total ? part : null
}
