/** Orders as staff see them, and how goods reach the buyer. */
export type Delivery = 'ship' | 'pickup' | 'digital'

export interface DeliveryRule {
  fee_minor: number
  free_from_minor: number | null
  pickup_place: string
  pickup_place_en: string
}

export interface OrderLine {
  product_id: string
  variant_id: string | null
  title: string
  title_en: string
  picture: string | null
  quantity: number
  unit_price_minor: number
  /** Its share of what the coupon took off. */
  discount_minor: number
  live_price_id: string | null
  /** Pieces whose money went back, or is on its way. */
  refunded_quantity: number
}

export interface ShopOrder {
  id: string
  created_at: string
  status: string
  visitor_id: string
  buyer_name: string
  buyer_name_en: string
  buyer: { name: string; phone: string; address: string } | null
  room_id: string | null
  lines: OrderLine[]
  /** The first line's; the title says how many there are. */
  product: { id: string; title: string; title_en: string; picture?: string | null }
  quantity: number
  total_minor: number
  fee_minor: number
  discount_minor: number
  paid_minor: number
  currency: string
  paid_at: string | null
  coupon_title: string | null
  coupon_title_en: string | null
  carrier: string
  tracking: string
  shipped_at: string | null
  completed_at: string | null
  staff_note: string
  delivery: Delivery
  buyer_note: string
  pickup_place: string
  pickup_place_en: string
  refund_state: 'due' | 'requested' | 'failed' | 'done' | null
  refunded_minor: number
  going_back_minor: number
  share: { token: string; sharer_name: string; sharer_name_en: string; channel: string } | null
}
