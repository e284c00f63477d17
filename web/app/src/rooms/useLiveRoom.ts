/**
 * The state of one room page, and everything a viewer can do in it. Components read `live` and
 * call verbs; only this file listens to the SDK.
 */
import { computed, inject, reactive, ref, type InjectionKey } from 'vue'
import type { BootHandle } from '@sdk/boot-handle'
import type { CouponOffer, Product, RoomState, StateCoupon, Visitor } from '@sdk/events'
import type { Coupon } from '@sdk/plays'
import { Room } from '@sdk/room'
import { nextEnd, priced } from '../shop/livePrices'
import { worth } from '../shop/worth'
import { price } from '../ui/numbers'
import { asLang, speak } from '../ui/words'
import { burst, hearts, HEARTS_MAX, type Heart } from './hearts'
import { useCaptions } from './useCaptions'
import { useCart } from './useCart'
import { useChat } from './useChat'
import { useConsent } from './useConsent'
import { useLanding } from './useLanding'
import { useManners } from './useManners'
import { useMessages } from './useMessages'
import { useNotices } from './useNotices'
import { useOrders } from './useOrders'
import { useReplay } from './useReplay'
import { useSharedClip } from './useSharedClip'
import { useSharedMoment } from './useSharedMoment'
import { useSheets } from './useSheets'
import { useSoundOnly } from './useSoundOnly'
import { useWaits } from './useWaits'

export function createLiveRoom(yh: BootHandle) {
  const boot = yh.data
  const lang = asLang(boot.lang)
  const say = speak(lang)
  const room = new Room(yh)
  const notices = useNotices()
  const sheets = useSheets()
  const consent = useConsent(room, say, notices)

  const live = reactive({
    status: boot.room.status,
    slate: boot.room.slate,
    slateSince: boot.room.slate_since ?? null,
    viewers: boot.counts.viewers,
    likes: boot.counts.likes,
    liked: false,
    products: boot.products.map((product) => priced(product, room.now())),
    coupon: boot.offer.coupon as CouponOffer | null,
    coupons: [] as Coupon[],
    visitor: boot.visitor as Visitor | null,
    phase: room.player.phase,
    phaseSince: performance.now(),
    hasSound: room.player.hasSound,
    /** Nothing of the picture is asked for. */
    soundOnly: false,
    /** true: connected · false: lost after it was there · null: not yet. */
    online: null as boolean | null,
    justBack: false,
    hearts: [] as Heart[],
    heartsOff: matchMedia('(prefers-reduced-motion: reduce)').matches,
    repriced: '',
    /** The variant this viewer picked, by product. */
    picks: {} as Record<string, string | undefined>,
    /** The picture shows what was; `replayed` is the product of that moment. */
    rewinding: false,
    /** The clip that was shared plays instead of what is live. */
    clip: false,
    replayed: '',
    /** That began by itself, as it does on the page of a show that is over. */
    replaysUnasked: false,
  })
  let heartId = 0

  const money = (minor: number): string => price(minor, boot.currency, lang)
  const worthOf = (coupon: Parameters<typeof worth>[0]): string => worth(coupon, say, money, lang)
  const pinned = computed(() => live.products.find((product) => product.pinned) ?? null)
  const replayed = computed(() => live.products.find((product) => product.id === live.replayed) ?? null)
  /** The product of what is shown; before and after the show the first one of the shelf. */
  const onScreen = computed(() => replayed.value ?? pinned.value ?? (live.status === 'live' ? null : (live.products[0] ?? null)))
  const manners = useManners(room, say, lang, notices)
  const chat = useChat(boot.chat, room, lang, {
    me: () => live.visitor?.id,
    moderates: () => manners.state.moderator,
    blocks: (visitorId) => manners.state.blocked.has(visitorId),
  })
  const landing = useLanding(boot, room, say, notices)
  const moment = useSharedMoment(boot, room, live)
  const clip = useSharedClip(boot, room, live, yh.video)
  const replay = useReplay(room, live, boot.room.replay)
  const captions = useCaptions(live)
  const orders = useOrders({ room, sheets })
  const cart = useCart(room)
  const messages = useMessages({ room, sheets, notices, say })
  const waits = useWaits({ room, sheets, notices, say, lang, live })

  function applyState(state: Partial<RoomState>): void {
    if (state.status) live.status = state.status
    if (state.slate !== undefined) {
      live.slate = state.slate
      live.slateSince = state.slate_since ?? null
    }
    Object.assign(document.body.dataset, { slate: live.slate ? '1' : '', status: live.status })
    if (!live.rewinding && !live.clip && (state.status || state.slate !== undefined)) {
      room.player.expect({ live: live.status === 'live', slate: live.slate })
    }
    manners.changed(state)
    captions.changed(state)
    if (state.viewers !== undefined) live.viewers = state.viewers
    if (state.likes !== undefined && state.likes > live.likes) {
      cheer(state.likes - live.likes)
      live.likes = state.likes
    }
    if (state.coupon && live.coupon) Object.assign(live.coupon, couponIn(state.coupon))
    if (state.coupon_left !== undefined && live.coupon) live.coupon.left = state.coupon_left ?? 0
    if (state.products) replaceProducts(state.products)
  }

  let shelf: Product[] = boot.products
  let priceEnds: ReturnType<typeof setTimeout> | undefined

  /** Shows the shelf with the prices that hold now, and again when the first of them ends. */
  const openCoupon: Partial<StateCoupon> = {}

  /** The open coupon in the page's language, when this of it is new. */
  function couponIn(changed: Partial<StateCoupon>): Partial<CouponOffer> {
    const { title, title_en, ...sums } = Object.assign(openCoupon, changed)
    const words = lang === 'en' ? title_en || title : title
    return words ? { ...sums, title: words } : sums
  }

  function replaceProducts(products: Product[]): void {
    const before = pinned.value
    shelf = products
    live.products = products.map((product) => priced(product, room.now()))
    const end = nextEnd(live.products, room.now())
    clearTimeout(priceEnds)
    if (end !== null) priceEnds = setTimeout(() => replaceProducts(shelf), Math.min(end + 20, 60_000))
    const now = pinned.value
    if (before && now && before.id === now.id && before.price_minor !== now.price_minor) {
      live.repriced = now.id
      setTimeout(() => (live.repriced = ''), 1200)
    }
  }

  function cheer(likes: number): void {
    if (live.heartsOff) return
    const free = HEARTS_MAX - live.hearts.length
    live.hearts.push(...hearts(Math.min(burst(likes), free), () => ++heartId))
  }

  function like(): void {
    live.liked = true
    live.likes += 1
    cheer(1)
    room.like()
  }

  async function claimCoupon(): Promise<void> {
    try {
      const coupon = await room.plays.claimCoupon()
      if (coupon.state === 'claimed') gotCoupon(coupon)
      else notices.show({ kind: 'problem', title: say('coupon.coupon_limit') }) // the same one as before, and it is spent
    } catch (error) {
      notices.problem(error, say)
    }
  }

  function gotCoupon(coupon: Coupon): void {
    if (!live.coupons.some((mine) => mine.id === coupon.id)) live.coupons.push(coupon)
    const threshold = coupon.threshold_minor
    notices.show({
      kind: 'coupon',
      title: say('coupon.arrived', { worth: worthOf(coupon) }),
      text: threshold ? say('coupon.arrived_threshold', { threshold: money(threshold) }) : say('coupon.arrived_text'),
    })
  }

  async function loadCoupons(): Promise<void> {
    const all = await room.shop.coupons().catch(() => null)
    if (!all) return
    live.coupons = all.filter((coupon) => coupon.state === 'claimed')
    // Whoever had the open one, used or not, is not offered it again, unless there is one each day or show.
    const title = boot.offer.coupon?.title
    if (!live.coupon?.again && all.some((coupon) => coupon.title === title || coupon.title_en === title)) live.coupon = null
  }

  room.player.phaseChanged.on((phase) => {
    live.phase = phase
    live.phaseSince = performance.now()
  })
  const rungs = useSoundOnly(room.player.ladder, live)
  room.player.soundChanged.on((on) => (live.hasSound = on))
  room.state.on(applyState)
  room.joined.on((joined) => {
    if (joined.visitor) live.visitor = joined.visitor
    manners.entered(joined)
    applyState({ products: shelf, ...joined.state })
    chat.merge(joined.chat ?? [])
  })
  // The server says at the door what there is to say.
  room.closed.on(() => location.reload())
  room.online.on((on) => {
    if (on && live.online === false) {
      live.justBack = true
      setTimeout(() => (live.justBack = false), 1500)
      room.player.retryIfDown()
    }
    live.online = on
  })
  room.personal.on((event) => {
    manners.told(event)
    if (event.type === 'friend_here') {
      const words = event.n === 1 ? say('share.landed_one') : say('share.landed', { n: event.n })
      notices.show({ kind: 'friend', title: words })
    } else if (event.type === 'coupon') {
      void loadCoupons()
      const what = { worth: worthOf(event) }
      const title = event.source === 'assist' ? say('coupon.sharer_arrived', what) : say('coupon.arrived', what)
      notices.show({ kind: 'coupon', title, text: say('coupon.arrived_text') })
    } else if (event.type === 'back_in_stock') waits.told(event)
    else if (event.type === 'message' || event.type === 'aftersale') messages.told(event)
    else if (event.type === 'order_paid') orders.refresh(event.order_id)
    else if (event.type === 'order_moved') {
      if (orders.state.shown?.id === event.order_id) orders.refresh(event.order_id)
    } else if (event.type === 'order_closed') {
      void loadCoupons()
      if (orders.state.shown?.id === event.order_id) orders.refresh(event.order_id)
    }
  })
  // A page that came back from the dead line or from the cashier starts from the truth.
  addEventListener('offline', () => (live.online = false))

  return {
    boot, lang, say, money, worthOf, room, live, video: yh.video, chat, consent, manners, landing, orders, cart, waits, messages, notices, sheets, pinned, onScreen, moment, clip, replay, captions, rungs,
    now: ref(Date.now()),
    like, claimCoupon, loadCoupons,
    toggleSound: () => room.player.setSound(!live.hasSound),
    stopHeart: (id: number) => (live.hearts = live.hearts.filter((heart) => heart.id !== id)),
  }
}

export type LiveRoom = ReturnType<typeof createLiveRoom>
export const liveRoomKey: InjectionKey<LiveRoom> = Symbol('live room')

export function useLiveRoom(): LiveRoom {
  const found = inject(liveRoomKey)
  if (!found) throw new Error('A room component stands outside LiveRoomPage.')
  return found
}
