/** Waiting for what is sold out: ask to be told, leave, and what is back since. */
import type { Client } from './client'

export interface Wait {
  product_id: string
  /** Empty: the product, whichever variant. */
  variant_id: string
  /** Where it was asked. */
  room_id: string | null
  title: string
  title_en: string
  stock: number
  /** null while waiting; else when it was back. */
  told_at: string | null
}

export class Waits {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async mine(): Promise<Wait[]> {
    return (await this.#client.get<{ items: Wait[] }>('/api/v1/me/waits')).items
  }

  async ask(productId: string, variantId: string, roomId: string): Promise<void> {
    await this.#client.put(`/api/v1/me/waits/${productId}`, { variant_id: variantId, room_id: roomId })
  }

  async leave(productId: string, variantId: string): Promise<void> {
    await this.#client.delete(`/api/v1/me/waits/${productId}?variant_id=${encodeURIComponent(variantId)}`)
  }

  async seen(productId: string): Promise<void> {
    await this.#client.post(`/api/v1/me/waits/${productId}/seen`)
  }
}
