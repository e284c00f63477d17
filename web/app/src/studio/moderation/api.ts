/** The calls of moderation, and their wire shapes. */
import { createClient } from '@sdk/client'
import type { ChatRules, PinnedMessage } from '@sdk/events'
import type { ReportReason } from '@sdk/manners'

const client = createClient()
const room = (id: string): string => `/api/v1/rooms/${encodeURIComponent(id)}`
const list = async <T>(path: string): Promise<T[]> => (await client.get<{ items: T[] }>(path)).items

export interface Rules extends ChatRules {
  words: string[]
  pinned: PinnedMessage | null
}

export interface Penalty {
  visitor_id: string
  name: string
  kind: 'mute' | 'ban'
  until: string | null
  by: string
  at: string
}

export interface Helper {
  visitor_id: string
  name: string
  by: string
  at: string
}

export interface Report {
  id: string
  line_id: string | null
  reasons: ReportReason[]
  notes: string[]
  people: number
  at: string
  visitor_id: string | null
  name: string | null
  text: string | null
  hidden: boolean
}

export interface TrailLine {
  id: number
  at: string
  action: string
  by: string
  detail: Record<string, unknown>
}

export const moderation = {
  rules: (id: string) => client.get<Rules>(`${room(id)}/chat-rules`),
  setRules: (id: string, change: Partial<Omit<Rules, 'pinned'>>) =>
    client.patch<Rules>(`${room(id)}/chat-rules`, change),
  pin: (id: string, text: string) => client.put<Rules>(`${room(id)}/chat-rules/pinned`, { text }),
  unpin: (id: string) => client.delete<Rules>(`${room(id)}/chat-rules/pinned`),
  announce: (id: string, text: string) =>
    client.post<unknown>(`${room(id)}/chat`, { text, announcement: true }),

  penalties: (id: string) => list<Penalty>(`${room(id)}/penalties`),
  hold: (id: string, visitor: string, wish: { kind: 'mute' | 'ban'; name: string; minutes?: number }) =>
    client.put<Penalty>(`${room(id)}/penalties/${visitor}`, wish),
  lift: (id: string, visitor: string) => client.delete<void>(`${room(id)}/penalties/${visitor}`),

  helpers: (id: string) => list<Helper>(`${room(id)}/moderators`),
  appoint: (id: string, visitor: string, name: string) =>
    client.put<void>(`${room(id)}/moderators/${visitor}`, { name }),
  dismiss: (id: string, visitor: string) => client.delete<void>(`${room(id)}/moderators/${visitor}`),

  reports: (id: string) => list<Report>(`${room(id)}/reports`),
  closeReport: (id: string, report: string) => client.post<void>(`${room(id)}/reports/${report}/close`),
  trail: (id: string) => list<TrailLine>(`${room(id)}/audit`),
}
