/** What buyers say of what they received. */
import type { Client } from './client'

export type HiddenFor = 'abuse' | 'privacy' | 'spam' | 'illegal'

export interface Review {
  id: string
  name: string
  name_en: string
  stars: number
  text: string
  /** The shop's, empty without one. */
  answer: string
  /** All the money went back since. */
  refunded: boolean
  at: string
}

export interface ProductReviews {
  count: number
  /** 48 is 4.8; null without a review. */
  average_tenths: number | null
  /** How many gave 1, 2, 3, 4 and 5. */
  stars: number[]
  hidden: Partial<Record<HiddenFor, number>>
  items: Review[]
  /** What the next page is asked for with. */
  next: string | null
}

export interface MyReview {
  review: Review | null
  hidden_for: HiddenFor | null
}

export class Reviews {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async of(productId: string, before = ''): Promise<ProductReviews> {
    return this.#client.get<ProductReviews>(`/api/v1/products/${productId}/reviews${before && `?before=${before}`}`)
  }

  async mine(orderId: string, productId: string): Promise<MyReview> {
    return this.#client.get<MyReview>(`/api/v1/orders/${orderId}/review?product_id=${productId}`)
  }

  async write(orderId: string, productId: string, stars: number, text: string): Promise<Review> {
    return this.#client.put<Review>(`/api/v1/orders/${orderId}/review`, { product_id: productId, stars, text })
  }
}
