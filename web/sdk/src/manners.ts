/**
 * How people keep a chat pleasant: report and block for everybody, hide, mute and ban for those a
 * room is entrusted to.
 */
import type { Client } from './client'

export type ReportReason = 'spam' | 'abuse' | 'fraud' | 'nudity' | 'illegal' | 'other'
export const REASONS: readonly ReportReason[] = ['spam', 'abuse', 'fraud', 'nudity', 'illegal', 'other']

export interface Blocked {
  visitor_id: string
  name: string
}

export class Manners {
  readonly #client: Client
  readonly #room: string

  constructor(client: Client, room: string) {
    this.#client = client
    this.#room = `/api/v1/rooms/${encodeURIComponent(room)}`
  }

  /** A line, or the room itself when none is named. */
  report(reason: ReportReason, lineId?: string): Promise<void> {
    return this.#client.post(`${this.#room}/reports`, { reason, ...(lineId ? { line_id: lineId } : {}) })
  }

  block(visitorId: string, name: string): Promise<void> {
    return this.#client.put(`/api/v1/blocks/${encodeURIComponent(visitorId)}`, { name })
  }

  unblock(visitorId: string): Promise<void> {
    return this.#client.delete(`/api/v1/blocks/${encodeURIComponent(visitorId)}`)
  }

  async blocked(): Promise<Blocked[]> {
    return (await this.#client.get<{ items: Blocked[] }>('/api/v1/blocks')).items
  }

  hide(lineId: string): Promise<void> {
    return this.#client.delete(`${this.#room}/chat/${encodeURIComponent(lineId)}`)
  }

  mute(visitorId: string, name: string, minutes: number): Promise<unknown> {
    return this.#hold(visitorId, { kind: 'mute', name, minutes })
  }

  /** Also takes away everything they said here. */
  ban(visitorId: string, name: string): Promise<unknown> {
    return this.#hold(visitorId, { kind: 'ban', name })
  }

  #hold(visitorId: string, body: object): Promise<unknown> {
    return this.#client.put(`${this.#room}/penalties/${encodeURIComponent(visitorId)}`, body)
  }
}
