/** Buying in a room: an order, its payment at the cashier, and what became of it. */
import type { Client } from './client'
import { YaoheError } from './errors'
import type { Coupon } from './plays'

export interface Buyer {
  name: string
  phone: string
  /** Empty when nothing is shipped. */
  address: string
}

/** One of a buyer's own addresses; the default comes first, then the one used last. */
export interface Address extends Buyer {
  id: string
  is_default: boolean
}

/** What the shop asks for shipping (in minor units), and where goods are picked up. */
export interface DeliveryRule {
  fee_minor: number
  /** From this sum, after what was taken off, shipping is free; null: never. */
  free_from_minor: number | null
  pickup_place: string
  pickup_place_en: string
}

export type OrderStatus = 'created' | 'paid' | 'shipped' | 'completed' | 'expired' | 'canceled' | 'paid_late' | 'refunded'

/** One line of an order, as it was when it was ordered. */
export interface OrderLine {
  product_id: string
  variant_id: string | null
  title: string
  title_en: string
  picture: string | null
  quantity: number
  unit_price_minor: number
  /** Its share of what the coupon took off the goods. */
  discount_minor: number
  live_price_id: string | null
  /** Pieces whose money went back, or is on its way. */
  refunded_quantity: number
}

/** Title, product, price and live price are those of its first line; `quantity` counts all pieces. */
export interface Order {
  id: string
  status: OrderStatus
  room_id: string | null
  lines: OrderLine[]
  /** The sum of the lines, before what was taken off. */
  goods_minor: number
  product_id: string
  title: string
  title_en: string
  quantity: number
  unit_price_minor: number
  /** For shipping; part of what is paid. */
  fee_minor: number
  discount_minor: number
  payable_minor: number
  /** What went back of it so far. */
  refunded_minor: number
  currency: string
  live_price_id: string | null
  /** Until then the goods and the coupon are held. */
  deadline_at: string
  created_at: string
  /** Who carries the parcel and by which number; empty until it is shipped, or handed over. */
  carrier: string
  tracking: string
  shipped_at: string | null
  completed_at: string | null
  delivery: 'ship' | 'pickup' | 'digital'
  /** What the buyer told whoever packs it. */
  buyer_note: string
  pickup_place: string
  pickup_place_en: string
  /** To be shown at the shop; there once the order is paid. */
  pickup_code: string | null
  /** What was bought, when it is text; there once it is delivered. */
  digital_text: string
}

export interface WishLine {
  product_id: string
  quantity: number
  /** Needed when the product has variants. */
  variant_id: string | null
  /** No coupon counts for a line at a live price. */
  live_price_id: string | null
}

interface OrderTerms {
  room_id: string
  coupon_id: string | null
  /** What the buyer saw as the sum; a changed price is refused instead of charged. */
  expected_minor: number
  /** null: nothing is sent to anybody. */
  buyer: Buyer | null
  note: string
  /** What is ordered leaves the buyer's cart once it is paid. */
  from_cart?: boolean
  /** Where the cashier sends the buyer afterwards. */
  return_path: string
}

/** One product, or several lines: each thing stands in one of them, and all reach the buyer in the same way. */
export type OrderRequest = OrderTerms & (WishLine | { lines: WishLine[] })

/** The whole order with one coupon, or with none. */
export interface QuotedSum {
  coupon_id: string | null
  goods_minor: number
  discount_minor: number
  fee_minor: number
  payable_minor: number
  /** How much more would be shipped for nothing; null when there is no such sum, or it is reached. */
  to_free_minor: number | null
}

/** What an order would cost now. `refusal` is the code of what is in its way. */
export interface Quote {
  lines: { unit_price_minor: number; goods_minor: number; refusal: string | null }[]
  refusal: string | null
  plain: QuotedSum
  /** The coupons that take something off, the cheapest order first. */
  offers: QuotedSum[]
}

interface Placed {
  order: Order
  /** null when there is nothing to pay. */
  cashier_url: string | null
}

export class Shop {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** The same key for the same intention: asking twice never buys twice. */
  async place(request: OrderRequest, key: string): Promise<Placed> {
    return this.#client.post<Placed>('/api/v1/orders', { ...request, idempotency_key: key })
  }

  /** Nothing is held by asking. */
  async quote(wish: { room_id: string; lines: WishLine[] }): Promise<Quote> {
    return this.#client.post<Quote>('/api/v1/orders/quote', wish)
  }

  async addresses(): Promise<Address[]> {
    return (await this.#client.get<{ items: Address[] }>('/api/v1/me/addresses')).items
  }

  /** Keeps an address for the next order; one that is there is only noted as used. */
  async keepAddress({ name, phone, address }: Buyer, isDefault = false): Promise<Address[]> {
    return (await this.#client.post<{ items: Address[] }>('/api/v1/me/addresses', { name, phone, address, is_default: isDefault })).items
  }

  async dropAddress(id: string): Promise<Address[]> {
    return (await this.#client.delete<{ items: Address[] }>(`/api/v1/me/addresses/${id}`)).items
  }

  /** What shipping costs now, and where goods are picked up. */
  async delivery(): Promise<DeliveryRule> {
    return this.#client.get<DeliveryRule>('/api/v1/delivery')
  }

  async payAgain(orderId: string, returnPath: string): Promise<Placed> {
    return this.#client.post<Placed>(`/api/v1/orders/${orderId}/pay`, { return_path: returnPath })
  }

  async order(id: string): Promise<Order> {
    return this.#client.get<Order>(`/api/v1/orders/${id}`)
  }

  /** The parcel has arrived. */
  async received(id: string): Promise<Order> {
    return this.#client.post<Order>(`/api/v1/orders/${id}/complete`)
  }

  async orders(): Promise<Order[]> {
    return (await this.#client.get<{ items: Order[] }>('/api/v1/orders')).items
  }

  /** All coupons of this visitor, also used ones; `claimed` can be used now. */
  async coupons(): Promise<Coupon[]> {
    return (await this.#client.get<{ items: Coupon[] }>('/api/v1/me/coupons')).items
  }

  /** Asks until the order is decided or the patience is over; the notice may come late. */
  async settled(id: string, waitsMs: number[] = [0, 500, 1000, 1500, 2000, 3000, 4000, 6000]): Promise<Order> {
    let last: Order | null = null
    for (const wait of waitsMs) {
      await new Promise((done) => setTimeout(done, wait))
      try {
        last = await this.order(id)
        if (!onItsWay(last)) return last
      } catch (error) {
        if ((error as YaoheError).status === 404) throw error
      }
    }
    if (!last) throw new YaoheError('timeout', 'The order could not be read.')
    return last
  }
}

/** Its payment, or what was bought, will be there in a moment. */
export const onItsWay = ({ status, delivery }: Order): boolean => status === 'created' || (status === 'paid' && delivery === 'digital')

/** Orders are placed with one, as are messages about them. */
