/** The cart: what this visitor means to buy, with the prices and the stock of now. It holds nothing
 * back; what can no longer be had stays in it and says so. */
import type { Client } from './client'
import type { Order } from './shop'

/** `short`: fewer left than wanted. `off_sale`, `variant_gone`: not sold any more. */
export type CartLineState = 'here' | 'short' | 'sold_out' | 'off_sale' | 'variant_gone'

export interface CartLine {
  product_id: string
  /** Empty: the product has none. */
  variant_id: string
  /** Where it was put in. */
  room_id: string | null
  quantity: number
  /** What a piece cost when it was put in. */
  seen_minor: number
  title: string
  title_en: string
  variant_title: string
  variant_title_en: string
  picture: string
  delivery: Order['delivery']
  currency: string
  /** Without a live price. */
  price_minor: number
  live_price_id: string | null
  live_price_minor: number | null
  live_price_until: string | null
  live_price_left: number | null
  live_price_each: number | null
  stock: number
  state: CartLineState
  /** The unpaid order it is part of. */
  order_id: string | null
}

export class Cart {
  readonly #client: Client
  readonly #roomId: string

  constructor(client: Client, roomId: string) {
    this.#client = client
    this.#roomId = roomId
  }

  /** Live prices are those of this room. */
  async lines(): Promise<CartLine[]> {
    return (await this.#client.get<{ items: CartLine[] }>(`/api/v1/me/cart?room_id=${this.#roomId}`)).items
  }

  /** So many pieces from now on; asking twice changes nothing. */
  async put(productId: string, variantId: string, quantity: number): Promise<CartLine[]> {
    const wanted = { variant_id: variantId, quantity, room_id: this.#roomId }
    return (await this.#client.put<{ items: CartLine[] }>(`/api/v1/me/cart/${productId}`, wanted)).items
  }

  async remove(productId: string, variantId: string): Promise<CartLine[]> {
    const of = `variant_id=${encodeURIComponent(variantId)}&room_id=${this.#roomId}`
    return (await this.#client.delete<{ items: CartLine[] }>(`/api/v1/me/cart/${productId}?${of}`)).items
  }
}
