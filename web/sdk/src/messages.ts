/** What the buyer of an order and the shop write to each other. */
import type { Client } from './client'

export interface Message {
  /** Grows within a thread. */
  id: number
  side: 'buyer' | 'shop'
  text: string
  at: string
}

export interface Thread {
  order_id: string
  /** The latest, oldest first. */
  messages: Message[]
  unread: number
}

export const MESSAGE_CHARS_MAX = 500

export class Messages {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async thread(orderId: string): Promise<Thread> {
    return this.#client.get<Thread>(`/api/v1/orders/${orderId}/messages`)
  }

  /** The same key is one message, however often it is sent. */
  async write(orderId: string, text: string, key: string): Promise<Message> {
    return this.#client.post<Message>(`/api/v1/orders/${orderId}/messages`, { text, idempotency_key: key })
  }

  async read(orderId: string, upTo: number): Promise<void> {
    await this.#client.post(`/api/v1/orders/${orderId}/messages/read`, { up_to: upTo })
  }

  /** How many messages of the shop are not seen yet, by order. */
  async unread(): Promise<Map<string, number>> {
    const { items } = await this.#client.get<{ items: { order_id: string; unread: number }[] }>('/api/v1/me/messages')
    return new Map(items.map((one) => [one.order_id, one.unread]))
  }
}
