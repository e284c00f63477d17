/** What the server says of who earned the orders and how far shares went, and the call for each. */
import { createClient } from '@sdk/client'

export const MODELS = ['last_non_direct', 'last', 'first', 'linear', 'time_decay', 'position'] as const
export type Model = (typeof MODELS)[number]
export type Source = 'share' | 'promoter' | 'ad' | 'recommendation' | 'search' | 'direct'

export interface Earnings {
  model: Model
  currency: string
  orders: number
  net_minor: number
  sources: { source: Source; orders: number; amount_minor: number }[]
}

export interface Generation {
  generation: number
  sharers: number
  shares: number
  friends: number
  orders: number
  paid_minor: number
}

export interface Spread {
  currency: string
  sharers: number
  brought: number
  k: number
  generations: Generation[]
}

const client = createClient()
const room = (id: string): string => `/api/v1/rooms/${encodeURIComponent(id)}`

export const earningsOf = (id: string, model: Model): Promise<Earnings> =>
  client.get<Earnings>(`${room(id)}/attribution?model=${model}`)

export const spreadOf = (id: string): Promise<Spread> => client.get<Spread>(`${room(id)}/spread`)
