/** A room's shelf as it arrives from `/api/v1`. */
import type { Product } from '../types'

/** A product on a room's shelf, with the live price it has there, perhaps over or taken up. */
export interface ShelfProduct extends Product {
  live_price_id: string | null
  live_price_minor: number | null
  live_price_until: string | null
  live_price_left: number | null
  live_price_each: number | null
}

export interface Shelf {
  items: ShelfProduct[]
  pinned: string | null
  pinned_at: string | null
}
