/** Wire shapes of the gateways' bills, and how a day of one stands. */
export interface Bill {
  gateway: string
  /** A day of the gateway's calendar: 2026-11-26. */
  day: string
  payments: number
  refunds: number
  /** How much our own books have of that day. */
  moved: number
  tries: number
  next_at: string
  compared_at: string | null
  problem: string | null
  differences: number
  unexplained: number
}

export interface Difference {
  id: string
  kind: 'only_theirs' | 'only_ours' | 'amount'
  payment_id: string
  refund_id: string | null
  order_id: string | null
  ours_minor: number | null
  theirs_minor: number | null
  currency: string
  because: string | null
  explained_at: string | null
}

export interface BillView {
  bill: Bill
  differences: Difference[]
}

/** `agrees` and `known` need nothing; `open` and `missing` need a person; the others need time. */
export type Standing = 'agrees' | 'known' | 'open' | 'missing' | 'quiet' | 'waiting'

export function standing(bill: Bill): Standing {
  if (bill.compared_at) return bill.unexplained ? 'open' : bill.differences ? 'known' : 'agrees'
  if (!bill.problem) return 'waiting'
  return bill.moved ? 'missing' : 'quiet'
}

/** Which sentence says it: by who has it, and whether money came or went back. */
export const wordOf = (one: Difference): `${Difference['kind']}_${'paid' | 'back'}` => `${one.kind}_${one.refund_id ? 'back' : 'paid'}`

/** A calendar day as it is: no zone may move it. */
export function dayText(day: string, lang: string): string {
  return new Intl.DateTimeFormat(lang, { month: 'short', day: 'numeric', weekday: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))
}
