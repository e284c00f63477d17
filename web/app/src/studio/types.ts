/** What the studio reads from `/api/v1`: wire shapes as they arrive, times as ISO strings. */
import type { CouponKind } from '@sdk/plays'
import type { Variant } from '@sdk/events'
import type { Delivery } from './orders/order'

export type { Delivery, DeliveryRule, ShopOrder } from './orders/order'

export interface Staff {
  id: string
  name: string
  email: string
  role?: string
}

export interface Shop {
  id: string
  name: string
  name_en: string
  currency: string
  time_zone?: string | null
}

export interface ApiKey {
  id: string
  name: string
  prefix: string
  scope: 'full' | 'read'
  created_at: string
  last_used_at: string | null
}

export type RoomStatus = 'upcoming' | 'live' | 'ended'

/** `low`: the oldest recordings go · `paused`: nothing is recorded. */
export interface RecordingDisk {
  free_bytes: number
  free_bytes_min: number
  low: boolean
  paused: boolean
  dropped: number
}

export interface Room {
  id: string
  title: string
  title_en: string
  host_name: string
  host_name_en: string
  status: RoomStatus
  scheduled_at: string | null
  started_at: string | null
  ended_at: string | null
  url: string
  /** Only whoever was invited comes in. */
  private: boolean
  viewers: number
  publishing: boolean
  /** Live, but the publisher is away for now. */
  slate: boolean
}

export interface Ingest {
  rtmp_url: string
  stream_key: string
  publishing: boolean
  shut: boolean // the host ended the show: encoders are kept out
  health: Health | null
  findings: Finding[]
  /** The lower rungs of the show, the largest first. */
  rungs: { rung: string; health: Health; findings: Finding[] }[]
  log: PublishEntry[]
}

/** Something the publish doctor saw, the worst first. */
export interface Finding {
  code: string
  level: 'bad' | 'weak' | 'hint'
  value: number
  text: string
  text_en: string
}

export interface Health {
  bitrate_kbps: number
  fps: number
  last_frame_age_ms: number
  width: number
  height: number
  codecs: string
  frames_dropped: number
  connected_s: number
}

/** What a sample of the viewers' players reported in the last `window_s` seconds. */
export interface PlayersHealth {
  window_s: number
  starts: number
  failed: number
  first_frame_ms_p50: number | null
  behind_ms_p50: number | null
  watched_s: number
  stalls: number
  stalled_s: number
}

export interface PublishEntry {
  at: string
  kind: string
  reason: string
  detail: string
}

export interface Product {
  id: string
  title: string
  title_en: string
  subtitle: string
  subtitle_en: string
  price_minor: number
  list_price_minor: number | null
  currency: string
  stock: number
  picture_key: string | null
  picture: string | null
  delivery: Delivery
  /** What buyers of something digital get. */
  digital_text: string
  variants?: Variant[]
  status: 'on_sale' | 'hidden'
}

export interface ChatLine {
  id: string
  name: string
  text: string
  /** In English, where that differs: guests' names, and what the house says itself. */
  name_en?: string | null
  text_en?: string | null
  kind: string
  at: string
  hidden?: boolean
  /** Who hid it, as far as we know. */
  hidden_by?: string | null
  /** The writer's visitor id; the house's own lines have none. */
  v?: string | null
  reply?: { name: string; name_en?: string | null; text: string } | null
}

export interface CouponTemplate {
  id: string
  title: string
  title_en: string
  kind: CouponKind
  percent: number | null
  /** The products it is for; null: all. */
  product_ids: string[] | null
  amount_minor: number
  threshold_minor: number
  total: number
  claimed: number
  used?: number
  per_person: number
  per_day: number | null
  per_show: number | null
  valid_from: string | null
  valid_until: string | null
  valid_days: number | null
  status: string
}

/** What a room may give of a coupon's total; null: no limit. */
export interface Part {
  total: number | null
  show_total: number | null
}

export interface ShareOffer<P extends Part = Part> {
  friend_template_id: string | null
  sharer_template_id: string | null
  friend_part: P | null
  sharer_part: P | null
}

/** With what was given of it, in all and in the latest show. */
export interface PartGiven extends Part {
  claimed: number
  show_claimed: number
}

export interface ShareTotals {
  prepared: number
  intended: number
  effective: number
  productive: number
  hits: number
  bot_hits: number
  openings: number
  clicks: number
  visitors: number
  watch_ms: number
  interacted: number
  assists: number
  coupons: number
  buyers: number
  orders: number
  paid_minor: number
}

export interface ChannelRow extends ShareTotals {
  channel: string
}

export interface ShareRow {
  token: string
  sharer_name: string
  sharer_name_en: string
  channel: string
  content: string
  parent_token: string | null
  state: 'prepared' | 'intended' | 'effective' | 'productive'
  created_at: string
  hits: number
  bot_hits: number
  openings: number
  clicks: number
  watch_ms: number
  coupons: number
  orders: number
  paid_minor: number
}

export interface Funnel {
  shared: number
  opened: number
  watched: number
  interacted: number
  ordered: number
}

export interface ShareReport {
  room: Pick<Room, 'id' | 'title' | 'title_en' | 'status' | 'started_at' | 'ended_at'>
  currency: string
  totals: ShareTotals
  funnel: Funnel
  by_channel: ChannelRow[]
  shares: ShareRow[]
  previous: ShareTotals | null
  as_of?: string
}
