/** Webhooks: the shapes and calls of their part of the settings page. */
import { createClient } from '@sdk/client'

const PATH = '/api/v1/staff/webhooks'
const client = createClient()

export interface Endpoint {
  id: string
  url: string
  note: string
  mode: 'live' | 'test'
  events: string[]
  paused_at: string | null
  paused_why: '' | 'staff' | 'gone' | 'failing'
  failing_since: string | null
  old_until: string | null
}

export interface Delivery {
  message_id: string
  type: string
  at: string
  state: 'waiting' | 'delivered' | 'failed'
  tries: number
  next_at: string | null
  last_status: number | null
  last_why: string
}

/** `secret` is shown this once. */
export interface Issued {
  info: Endpoint
  secret: string
}

export type EndpointDraft = Pick<Endpoint, 'url' | 'mode' | 'events'>

const one = (id: string): string => `${PATH}/${encodeURIComponent(id)}`

export const webhooks = {
  all: () => client.get<{ items: Endpoint[]; events: string[] }>(PATH),
  create: (draft: EndpointDraft) => client.post<Issued>(PATH, draft),
  change: (id: string, change: { events?: string[]; paused?: boolean }) => client.patch<Endpoint>(one(id), change),
  remove: (id: string) => client.delete<void>(one(id)),
  rotate: (id: string) => client.post<Issued>(`${one(id)}/secret`),
  test: (id: string) => client.post<Delivery>(`${one(id)}/test`),
  log: async (id: string) => (await client.get<{ items: Delivery[] }>(`${one(id)}/deliveries`)).items,
  replay: (id: string, messageId: string) =>
    client.post<Delivery>(`${one(id)}/deliveries/${encodeURIComponent(messageId)}/replay`),
}
