/**
 * The shapes that travel between server and page: the boot data of a document, the state and chat
 * of a room, and what one visitor alone is told.
 */

import type { AftersaleStatus } from './aftersales'
import type { CouponKind } from './plays'

export type RoomStatus = 'live' | 'upcoming' | 'ended'

/** One of the ways a product can be had; each has its own price and stock. */
export interface Variant {
  id: string
  title: string
  title_en: string
  price_minor: number
  stock: number
}

export interface Product {
  id: string
  title: string
  subtitle: string
  price_minor: number
  list_price_minor: number | null
  stock: number
  picture: string | null
  /** How it reaches the buyer: to an address, at the shop's place, or as text in the order. */
  delivery: 'ship' | 'pickup' | 'digital'
  pinned: boolean
  /** A lower price in this room until then, by the server's clock; null when there is none. */
  live_price_id: string | null
  live_price_minor: number | null
  live_price_until: string | null
  /** How many are left at it, and how many one person may have; null: not limited. */
  live_price_left: number | null
  live_price_each: number | null
  /** Empty: the product has its own price and stock. Else it costs what the cheapest of them does. */
  variants: Variant[]
}

export interface ChatLine {
  id: string
  name: string
  text: string
  /** In English, where that differs: guests' names, and the house's own lines. */
  name_en?: string
  text_en?: string
  /** chat | host | staff | announcement | thanks | order | system; unknown kinds are drawn as chat. */
  kind: string
  at: string
  /** The writer's visitor id, only on lines that came over the socket. */
  v?: string
  /** The line this one answers, short. */
  reply?: { id: string; name: string; name_en?: string; text: string }
  /** The visitors it is meant for. */
  to?: string[]
  /** The moment of the video at which it was said, in milliseconds of the program's clock. */
  media_at?: number
}

/** Takes lines away: one, or everything one person wrote. */
export interface ChatHidden {
  id?: string
  v?: string
}

export interface ChatRules {
  slow_s: number
  links: boolean
  /** Only the host and moderators speak. */
  closed: boolean
  /** Only who follows the host speaks. */
  followers: boolean
}

export interface PinnedMessage {
  text: string
  by: string
  at: string
}

/** What a room tells one visitor about themselves when they come in. */
export interface Standing {
  moderator: boolean
  /** Whether they follow this room's host. */
  following: boolean
  penalty: { kind: 'mute' | 'ban'; until: string | null } | null
  /** The visitor ids of those they do not want to read. */
  blocked: string[]
}

/** A line as this reader gets it: names and words in their language. */
export function lineIn(line: ChatLine, lang: string): ChatLine {
  if (lang !== 'en') return line
  const reply = line.reply && { ...line.reply, name: line.reply.name_en ?? line.reply.name }
  return { ...line, name: line.name_en ?? line.name, text: line.text_en ?? line.text, ...(reply ? { reply } : {}) }
}

export interface ShareInvite {
  token: string
  sharer: string
  mine: boolean
  /** What the sharer says, "" nothing; `bought` in words, "" when it is not told. */
  note?: string
  bought?: string
  /** What the sharer had on screen: the time of day and the product. */
  moment_at?: string | null
  product?: string | null
  /** Where the clip is, when a clip is what was shared. */
  clip?: string | null
}

export interface CouponOffer {
  title: string
  kind: CouponKind
  percent: number | null
  amount_minor: number
  threshold_minor: number
  /** It is for certain products only. */
  scoped?: boolean
  left: number
  /** One person may have another, on another day or in another show. */
  again: boolean
}

export interface NextShow {
  id?: string
  title: string
  url: string
  /** In the shop's offset; `zone` is that zone's name for readers. */
  scheduled_at: string
  zone: string
}

export interface BootData {
  v: 1
  lang: string
  base: string
  room: {
    id: string
    title: string
    host: { name: string; avatar: string }
    shop?: string
    status: RoomStatus
    /** In the shop's offset; `zone` is that zone's name for readers. */
    scheduled_at: string | null
    zone: string
    ended_at: string | null
    /** Whether anything of it can be watched again. */
    replay: boolean
    slate: boolean
    /** Since when the host is away, by the server's clock. */
    slate_since: string | null
  }
  media: { stream: string; ws: string; hls: string; poster: string; w: number; h: number } | null
  share: ShareInvite | null
  offer: { coupon: CouponOffer | null; help: boolean; sharer_amount_minor?: number | null }
  products: Product[]
  counts: { viewers: number; likes: number }
  chat: ChatLine[]
  currency: string
  env: string
  /** What opens the media of a private room, for `life_s` from when the page was made. */
  ticket?: { text: string; life_s: number } | null
  /** Where WeChat's script is; empty outside WeChat and without a connected account. */
  wechat_sdk: string
  /** Whether people are asked before they are remembered. */
  ask_consent: boolean
  rt: string
  visitor: { id: string; name: string } | null
  next_show: NextShow | null
  policy: { sharer_benefit: boolean }
}

export interface StateCoupon {
  title: string
  title_en: string
  kind: CouponKind
  percent: number | null
  amount_minor: number
  threshold_minor: number
  again: boolean
}

/** The cache-mode state of a room: a page is told all of it when it comes, then what changed. */
export interface RoomState {
  /** The whole shelf, in the page's language. */
  products: Product[]
  status: RoomStatus
  viewers: number
  likes: number
  pinned: string | null
  /** What everybody may have; of one that replaces another only what differs is told. */
  coupon: Partial<StateCoupon> | null
  coupon_left: number | null
  epoch: number
  live_since: string | null
  slate: boolean
  slate_since: string | null
  chat_rules: Partial<ChatRules>
  chat_pinned: PinnedMessage | null
  media_at: number
  /** Words to read with the picture; absent where none were ever sent. */
  caption: string
}

/** What the server tells one visitor alone, on `me:{visitor}`. */
export type PersonalEvent =
  | { type: 'friend_here'; n: number }
  | { type: 'coupon'; kind: CouponKind; percent: number | null; amount_minor: number; threshold_minor?: number; source?: string }
  | { type: 'order_paid'; order_id: string }
  /** Nobody paid in time, or it was given up: the coupon it held is back. */
  | { type: 'order_closed'; order_id: string }
  /** Shipped, or received. */
  | { type: 'order_moved'; order_id: string }
  /** It is this visitor's turn for what was sold out. */
  | { type: 'back_in_stock'; product_id: string; variant_id: string; title: string; title_en: string }
  /** Somebody wrote in the thread of an order: this visitor, or the shop. */
  | { type: 'message'; order_id: string; mine: boolean }
  /** A request about an order stands elsewhere: by this visitor's own step, or the shop's. */
  | { type: 'aftersale'; order_id: string; status: AftersaleStatus }
  | { type: 'helped'; token: string }
  | { type: 'assist'; n: number }
  | { type: 'chat_muted' | 'chat_banned'; room: string; until: string | null }
  | { type: 'chat_freed'; room: string }
  | { type: 'moderator'; room: string; on: boolean }

export interface Visitor {
  id: string
  name: string
}

/** A tiny typed listener list; every part of the SDK tells its news through one. */
export class Signal<News> {
  readonly #ears = new Set<(news: News) => void>()

  on(ear: (news: News) => void): () => void {
    this.#ears.add(ear)
    return () => this.#ears.delete(ear)
  }

  tell(news: News): void {
    for (const ear of [...this.#ears]) ear(news)
  }
}
