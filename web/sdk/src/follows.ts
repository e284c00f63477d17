/** Following the host of a room, and whom this visitor follows. */
import type { Client } from './client'

export interface Followed {
  room_id: string
  title: string
  title_en: string
  host_name: string
  host_name_en: string
  status: 'upcoming' | 'live' | 'ended'
}

const at = (roomId: string): string => `/api/v1/rooms/${encodeURIComponent(roomId)}/follow`

export class Follows {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  add(roomId: string): Promise<void> {
    return this.#client.put(at(roomId), {})
  }

  remove(roomId: string): Promise<void> {
    return this.#client.delete(at(roomId))
  }

  /** The newest first. */
  async mine(): Promise<Followed[]> {
    return (await this.#client.get<{ items: Followed[] }>('/api/v1/me/follows')).items
  }
}
