/**
 * Every call the studio makes, by name. The transport is the SDK's; errors are its `YaoheError`.
 *
 * Lists arrive as `{items}` and are unpacked here, so that pages hold plain arrays.
 */
import { createClient } from '@sdk/client'
import type { Invitation, InvitationDraft } from './live/invitations'
import type {
  ApiKey,
  ChatLine,
  CouponTemplate,
  Ingest,
  PlayersHealth,
  DeliveryRule,
  Product,
  RecordingDisk,
  Room,
  PartGiven,
  ShareOffer,
  ShareReport,
  Shop,
  ShopOrder,
  Staff,
} from './types'
import type { Bill, BillView } from './orders/bills'
import type { AftersalePage, AftersaleRule } from './orders/aftersales'
import type { Message, Thread, ThreadLine } from './orders/messages'
import type { ShopPage } from './settings/ShopPageForm.vue'
import type { Shelf } from './shop/shelf'
import type { ShopReview } from './shop/ReviewsPanel.vue'
import type { SheetReport } from './shop/SheetPanel.vue'
import type { VariantDraft } from './shop/variants'
import type { WechatConnection } from './wechat'

const V1 = '/api/v1'
const client = createClient()
/** A picture on a thin line: a megabyte takes this long at some 140 kbit/s. */
const PICTURE_MS = 60_000

interface Items<T> {
  items: T[]
  next?: string | null
}

async function list<T>(path: string): Promise<T[]> {
  return (await client.get<Items<T>>(V1 + path)).items
}

const room = (id: string): string => `${V1}/rooms/${encodeURIComponent(id)}`

export type RoomDraft = Pick<Room, 'title' | 'title_en' | 'host_name' | 'host_name_en' | 'scheduled_at' | 'private'>
export type ProductDraft = Omit<Product, 'id' | 'currency' | 'picture' | 'variants'>
/** `stock_change` is added to what is left by then: orders go on while a form is open. */
export type ProductChange = Partial<ProductDraft> & { stock_change?: number }
export type CouponDraft = Pick<
  CouponTemplate,
  'title' | 'title_en' | 'kind' | 'percent' | 'product_ids' | 'amount_minor' | 'threshold_minor' | 'total' | 'per_person' | 'per_day' | 'per_show' | 'valid_from' | 'valid_until' | 'valid_days'
>

/** null: not limited. */
export interface LivePriceDraft {
  room_id: string
  product_id: string
  price_minor: number
  minutes: number
  total: number | null
  per_person: number | null
}

export interface SetupDraft {
  token: string
  name: string
  email: string
  password: string
}

export const api = {
  setup: (draft: SetupDraft) => client.post<unknown>(`${V1}/staff/setup`, draft),
  login: (email: string, password: string) =>
    client.post<unknown>(`${V1}/staff/login`, { email, password }),
  logout: () => client.post<void>(`${V1}/staff/logout`),
  me: () => client.get<{ staff: Staff; shop: Shop }>(`${V1}/staff/me`),
  updateShop: (names: Pick<Shop, 'name' | 'name_en'>) => client.patch<Shop>(`${V1}/shop`, names),

  keys: () => list<ApiKey>('/staff/api-keys'),
  createKey: (name: string, scope: ApiKey['scope']) =>
    client.post<{ id: string; name: string; key: string }>(`${V1}/staff/api-keys`, { name, scope }),
  changePassword: (old: string, next: string) =>
    client.post<void>(`${V1}/staff/password`, { old, new: next }),
  revokeKey: (id: string) => client.delete<void>(`${V1}/staff/api-keys/${id}`),

  wechatConnections: () => list<WechatConnection>('/wechat/connections'),
  checkWechat: async () =>
    (await client.post<Items<WechatConnection>>(`${V1}/wechat/connections/check`)).items,
  recordingDisk: () => client.get<RecordingDisk>(`${V1}/recordings/disk`),
  rooms: () => list<Room>('/rooms'),
  room: (id: string) => client.get<Room>(room(id)),
  createRoom: (draft: RoomDraft) => client.post<Room>(`${V1}/rooms`, draft),
  updateRoom: (id: string, draft: Partial<RoomDraft>) => client.patch<Room>(room(id), draft),
  endRoom: (id: string) => client.post<unknown>(`${room(id)}/end`),
  letIn: (id: string) => client.post<unknown>(`${room(id)}/let-in`),
  ingest: (id: string) => client.get<Ingest>(`${room(id)}/ingest`),
  playback: (id: string) => client.get<PlayersHealth>(`${room(id)}/playback`),
  /** Lets this browser into a private room for a while. */
  ticket: (id: string) => client.post<{ ticket: string; life_s: number }>(`${room(id)}/ticket`),
  invitations: (id: string) => list<Invitation>(`/rooms/${encodeURIComponent(id)}/invitations`),
  invite: (id: string, draft: InvitationDraft) => client.post<Invitation>(`${room(id)}/invitations`, draft),
  revokeInvitation: (id: string, one: string) => client.delete<Invitation>(`${room(id)}/invitations/${one}`),
  rotateKey: (id: string) => client.post<{ stream_key: string }>(`${room(id)}/stream-key`),

  shelf: (id: string) => client.get<Shelf>(`${room(id)}/shelf`),
  setShelf: (id: string, productIds: string[]) =>
    client.put<Shelf>(`${room(id)}/shelf`, { product_ids: productIds }),
  pin: (id: string, productId: string) =>
    client.post<unknown>(`${room(id)}/pin`, { product_id: productId }),
  unpin: (id: string) => client.delete<unknown>(`${room(id)}/pin`),

  startLivePrice: (draft: LivePriceDraft) => client.post<unknown>(`${V1}/live-prices`, draft),
  stopLivePrice: (id: string) => client.post<unknown>(`${V1}/live-prices/${id}/stop`),

  chat: (id: string) => list<ChatLine>(`/rooms/${encodeURIComponent(id)}/chat?limit=50`),
  say: (id: string, text: string) => client.post<unknown>(`${room(id)}/chat`, { text }),
  hideLine: (id: string, lineId: string) =>
    client.delete<void>(`${room(id)}/chat/${encodeURIComponent(lineId)}`),

  products: () => list<Product>('/products'),
  givePicture: async (picture: Blob) => {
    const type = picture.type || 'application/octet-stream'
    const answer = await client.exchange('POST', `${V1}/pictures`, picture, type, { timeoutMs: PICTURE_MS })
    return (await answer.json()) as { key: string }
  },
  /** How many wait for what is sold out. */
  waits: () => list<{ product_id: string; variant_id: string; waiting: number }>('/shop/waits'),
  createProduct: (draft: ProductDraft) => client.post<Product>(`${V1}/products`, draft),
  updateProduct: (id: string, draft: ProductChange) =>
    client.patch<Product>(`${V1}/products/${id}`, draft),

  setVariants: (id: string, variants: VariantDraft[]) => client.put<unknown>(`${V1}/products/${id}/variants`, { variants }),

  coupons: () => list<CouponTemplate>('/coupon-templates'),
  createCoupon: (draft: CouponDraft) => client.post<CouponTemplate>(`${V1}/coupon-templates`, draft),
  setCouponStatus: (id: string, status: 'active' | 'stopped') =>
    client.patch<CouponTemplate>(`${V1}/coupon-templates/${id}`, { status }),
  offer: (id: string) => client.get<ShareOffer<PartGiven>>(`${room(id)}/share-offer`),
  setOffer: (id: string, offer: ShareOffer) => client.put<ShareOffer<PartGiven>>(`${room(id)}/share-offer`, offer),

  shipOrder: (id: string, parcel: { carrier: string; tracking: string }) =>
    client.post<unknown>(`${V1}/shop/orders/${id}/ship`, parcel),
  handOver: (code: string) => client.post<{ id: string; title: string; title_en: string; quantity: number }>(`${V1}/shop/pickups`, { code }),
  delivery: () => client.get<DeliveryRule>(`${V1}/delivery`),
  setDelivery: (rule: DeliveryRule) => client.put<DeliveryRule>(`${V1}/shop/delivery`, rule),
  refundOrder: (id: string, wish: { amount_minor: number | null; lines: { place: number; quantity: number }[] | null; idempotency_key: string }) =>
    client.post<unknown>(`${V1}/shop/orders/${id}/refund`, wish),
  noteOrder: (id: string, note: string) => client.put<unknown>(`${V1}/shop/orders/${id}/note`, { note }),
  reviews: (before: string) => client.get<Items<ShopReview>>(`${V1}/shop/reviews${before && `?before=${before}`}`),
  answerReview: (id: string, text: string) => client.put<void>(`${V1}/shop/reviews/${id}/answer`, { text }),
  hideReview: (id: string, reason: string) => client.post<void>(`${V1}/shop/reviews/${id}/hide`, { reason }),
  showReview: (id: string) => client.post<void>(`${V1}/shop/reviews/${id}/show`),
  shopPage: () => client.get<ShopPage>(`${V1}/shop-page`),
  keepShopPage: (page: ShopPage) => client.put<ShopPage>(`${V1}/shop/page`, page),
  /** Where the table of all products is. */
  sheet: `${V1}/shop/product-sheet`,
  giveSheet: async (table: Blob, dryRun: boolean) => {
    const path = `${V1}/shop/product-sheet?dry_run=${String(dryRun)}`
    const answer = await client.exchange('POST', path, table, 'text/csv', { timeoutMs: PICTURE_MS })
    return (await answer.json()) as SheetReport
  },
  threads: () => list<ThreadLine>('/shop/threads'),
  thread: (id: string) => client.get<Thread>(`${V1}/shop/orders/${id}/messages`),
  writeMessage: (id: string, text: string, key: string) =>
    client.post<Message>(`${V1}/shop/orders/${id}/messages`, { text, idempotency_key: key }),
  readMessages: (id: string, upTo: number) =>
    client.post<void>(`${V1}/shop/orders/${id}/messages/read`, { up_to: upTo }),
  cannedAnswers: () => list<string>('/shop/canned-answers'),
  keepAnswers: (items: string[]) => client.put<Items<string>>(`${V1}/shop/canned-answers`, { items }),
  bills: () => list<Bill>('/shop/bills'),
  bill: (day: string, gateway: string) => client.get<BillView>(`${V1}/shop/bills/${day}/${gateway}`),
  billAgain: (day: string, gateway: string) => client.post<BillView>(`${V1}/shop/bills/${day}/${gateway}/again`, {}),
  explainDifference: (id: string, because: string) =>
    client.put<void>(`${V1}/shop/bills/differences/${id}`, { because }),
  aftersales: (query: { status?: string; order?: string; before?: string }) =>
    client.get<AftersalePage>(`${V1}/shop/aftersales?${new URLSearchParams(query)}`),
  agreeAftersale: (id: string, answer: string) => client.post<unknown>(`${V1}/shop/aftersales/${id}/agree`, { answer }),
  receiveAftersale: (id: string) => client.post<unknown>(`${V1}/shop/aftersales/${id}/receive`),
  declineAftersale: (id: string, answer: string) => client.post<unknown>(`${V1}/shop/aftersales/${id}/decline`, { answer }),
  aftersaleRule: () => client.get<AftersaleRule>(`${V1}/shop/aftersale-rule`),
  setAftersaleRule: (rule: AftersaleRule) => client.put<AftersaleRule>(`${V1}/shop/aftersale-rule`, rule),
  orders: (query: { status?: string; room?: string; before?: string }) =>
    client.get<Items<ShopOrder>>(`${V1}/shop/orders?${new URLSearchParams({ ...query, limit: '50' })}`),

  /** The server's ETag is honoured by the browser's own cache: asking each second is cheap. */
  report: (id: string, signal?: AbortSignal) =>
    client.get<ShareReport>(`${room(id)}/share-report`, signal ? { signal } : {}),
}
