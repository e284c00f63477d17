/** What a buyer asks for after paying: money back, with or without sending the goods back. */
import type { Client } from './client'

export type AftersaleKind = 'money' | 'return'
export type AftersaleStatus = 'asked' | 'agreed' | 'sent_back' | 'refunding' | 'refunded' | 'declined' | 'withdrawn'
export const REASONS = ['changed_mind', 'not_as_described', 'damaged', 'wrong_item', 'missing', 'late', 'other'] as const
export type Reason = (typeof REASONS)[number]

export interface Aftersale {
  id: string
  order_id: string
  kind: AftersaleKind
  reason: Reason
  text: string
  amount_minor: number
  currency: string
  status: AftersaleStatus
  /** The shop's: why not, or where the goods go. */
  answer: string
  carrier: string
  tracking: string
  asked_at: string
  moved_at: string
}

export interface OrderAftersales {
  items: Aftersale[]
  /** What may be asked for now; nothing when it is empty. */
  kinds: AftersaleKind[]
  left_minor: number
  currency: string
  /** How many days after arrival one may ask; `until` is that moment, null before it arrived. */
  days: number
  until: string | null
}

export interface AftersaleWish {
  kind: AftersaleKind
  reason: Reason
  text: string
  amount_minor: number
}

export class Aftersales {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async of(orderId: string): Promise<OrderAftersales> {
    return this.#client.get<OrderAftersales>(`/api/v1/orders/${orderId}/aftersales`)
  }

  /** The same key is one request, however often it is sent. */
  async ask(orderId: string, wish: AftersaleWish, key: string): Promise<Aftersale> {
    return this.#client.post<Aftersale>(`/api/v1/orders/${orderId}/aftersales`, { ...wish, idempotency_key: key })
  }

  async withdraw(id: string): Promise<Aftersale> {
    return this.#client.post<Aftersale>(`/api/v1/aftersales/${id}/withdraw`)
  }

  async sentBack(id: string, carrier: string, tracking: string): Promise<Aftersale> {
    return this.#client.post<Aftersale>(`/api/v1/aftersales/${id}/sent-back`, { carrier, tracking })
  }
}
