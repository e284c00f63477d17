/** One live room, as a page sees it: the façade over the player, shares, plays and shop, and the
 * live channel (Centrifugo's protocol) with chat, state and what concerns this visitor alone. */
import type { Centrifuge } from 'centrifuge'
import type { BootHandle } from './boot-handle'
import { Cart } from './cart'
import { createClient, frameHeaders, type Client } from './client'
import { byPage, byShare, Consent } from './consent'
import { YaoheError } from './errors'
import { Signal, type ChatHidden, type ChatLine, type PersonalEvent, type RoomState, type Standing, type Visitor } from './events'
import { Goods, type StateNews } from './goods'
import { Follows } from './follows'
import { Manners } from './manners'
import { Messages } from './messages'
import { Moments } from './moments'
import { Player } from './player'
import { Plays } from './plays'
import { Reports } from './reports'
import { Reviews } from './reviews'
import { socketUrl } from './route'
import { Shares, type Shown } from './share'
import { Shop } from './shop'
import { keepTicket } from './ticket'
import { Track } from './track'
import { Waits } from './waits'

/** Likes of one visitor leave together, once in this time. */
const LIKES_EVERY_MS = 1000

export interface Joined extends Partial<Standing> {
  state: Partial<RoomState>
  chat: ChatLine[]
  visitor?: Visitor
}

/** The first answer: who we are, and the room we asked for. */
interface Hello {
  visitor?: Visitor
  /** The server's time. */
  now?: string
  room?: Joined
}

export class Room {
  readonly id: string
  readonly client: Client
  readonly player: Player
  readonly shares: Shares
  readonly plays: Plays
  readonly shop: Shop
  readonly cart: Cart
  readonly waits: Waits
  readonly messages: Messages
  readonly reviews: Reviews
  readonly track: Track
  readonly manners: Manners
  readonly follows: Follows
  readonly consent: Consent
  readonly joined = new Signal<Joined>()
  readonly chatLine = new Signal<ChatLine>()
  readonly chatHidden = new Signal<ChatHidden>()
  readonly state = new Signal<Partial<RoomState>>()
  readonly personal = new Signal<PersonalEvent>()
  readonly online = new Signal<boolean>()
  /** The room became private, and this visitor is not invited (any more). */
  readonly closed = new Signal<void>()
  readonly #yh: BootHandle
  readonly #goods: Goods
  #centrifuge: Centrifuge | null = null
  readonly #moments: Moments
  readonly #reports: Reports
  #me = ''
  /** How far this device's clock is ahead of the server's. */
  #aheadMs = 0
  #told = false
  /** Hung up to come back as somebody. */
  #coming = false
  #likes = 0
  #likesTimer: ReturnType<typeof setTimeout> | undefined

  constructor(yh: BootHandle) {
    const { data } = yh
    this.#yh = yh
    this.id = data.room.id
    this.#goods = new Goods(data.lang)
    const claim = data.share
      ? data.share.mine ? null : byShare(data.share.token, () => this.#opening())
      : byPage(this.id, location.search, document.referrer)
    this.consent = new Consent(() => this.client, data.ask_consent, claim, document.cookie)
    this.client = createClient({ baseUrl: data.base, headers: () => frameHeaders(yh.frame), onConsent: () => this.consent.ask() })
    this.player = new Player(yh)
    keepTicket(this.client, data)
    const token = data.share?.token ?? yh.sharedBy ?? null
    this.shares = new Shares(this.client, this.id, token, () => this.#momentMs(), () => this.shown())
    this.plays = new Plays(this.client, this.id)
    this.shop = new Shop(this.client)
    this.cart = new Cart(this.client, this.id)
    this.waits = new Waits(this.client)
    this.messages = new Messages(this.client)
    this.reviews = new Reviews(this.client)
    this.track = new Track(this.client, this.id, token, () => this.player.phase === 'playing')
    this.manners = new Manners(this.client, this.id)
    this.follows = new Follows(this.client)
    this.#moments = new Moments(() => this.player.shownAt)
    this.#reports = new Reports(this.client, yh, this.player)
    this.player.phaseChanged.on(() => this.track.nudge())
    this.consent.answered.on((accepted) => accepted && this.#comeAgain())
  }

  /** Opens the live channel; its client is only loaded here, after the first frame. One message
   * there and back joins the room: its state, the last lines, and both channels subscribed. */
  async open(): Promise<void> {
    this.track.start()
    this.#reports.start()
    // Somebody's browser has none: the picture and the shop go on without the chat.
    if (!('WebSocket' in window)) return this.online.tell(false)
    const { Centrifuge: Client } = await import('centrifuge')
    const url = socketUrl(this.#yh.data.rt, location) + (this.#yh.frame ? `?frame=${this.#yh.frame}` : '')
    const centrifuge = new Client(url, {
      minReconnectDelay: 300, maxReconnectDelay: 8000, name: 'web', data: this.#wish,
    })
    this.#centrifuge = centrifuge
    centrifuge.on('connected', ({ data }) => {
      this.#coming = false
      this.online.tell(true)
      this.#entered(data as Hello)
    })
    centrifuge.on('connecting', ({ code }) => code !== 0 && this.online.tell(false))
    centrifuge.on('disconnected', ({ reason }) => {
      if (this.#coming) return
      this.online.tell(false)
      if (/^(invitation|ticket)_/.test(reason)) this.closed.tell()
    })
    centrifuge.on('publication', ({ channel, data }) => {
      if (channel === this.#chatChannel) this.#heard(data as ChatLine)
      else if (channel.startsWith('me:')) this.personal.tell(data as PersonalEvent)
      else this.#changed(data as StateNews)
    })
    this.track.seen.on((playing) => this.#watching(playing))
    // The network came back: do not wait for the end of a long pause.
    addEventListener('online', () => centrifuge.connect())
    centrifuge.connect()
  }

  async say(text: string, replyTo?: string): Promise<void> {
    if (!this.#centrifuge) throw new YaoheError('offline', 'The chat is not connected yet.')
    try {
      await this.#publish(text, replyTo)
    } catch (error) {
      const why = chatError(error)
      if (why.code !== 'consent_needed' || !(await this.consent.ask())) throw why
      await this.#publish(text, replyTo).catch((other: unknown) => Promise.reject(chatError(other)))
    }
  }

  async #publish(text: string, replyTo?: string): Promise<void> {
    await this.#centrifuge?.ready(5000)
    await this.#centrifuge?.publish(this.#chatChannel, { text, ...(replyTo ? { reply_to: replyTo } : {}) })
  }

  /** The live channel knows people by their cookie at the door. */
  #comeAgain(): void {
    if (!this.#centrifuge) return
    this.#coming = true
    this.#centrifuge.disconnect()
    this.#centrifuge.connect()
    this.track.nudge()
  }

  async #opening(): Promise<string | null> {
    await this.#yh.beacon
    return this.#yh.opening ?? null
  }

  /** Counts at once on screen; the wire hears of it in lumps. */
  like(): void {
    this.#likes += 1
    this.#likesTimer ??= setTimeout(() => {
      const n = Math.min(this.#likes, 50)
      this.#likes = 0
      this.#likesTimer = undefined
      this.#centrifuge?.rpc('like', { room: this.id, n }).catch(() => undefined)
    }, LIKES_EVERY_MS)
  }

  /** The time by the server's clock, as well as we know it. */
  now(): number {
    return Date.now() - this.#aheadMs
  }

  get #chatChannel(): string {
    return `room:${this.id}:chat`
  }

  /** What we ask for with each connection. */
  get #wish(): Record<string, unknown> {
    const token = this.#yh.data.share?.token
    const ticket = this.#yh.data.ticket?.text
    return { room: this.id, playing: this.track.watching, ...(token ? { token } : {}), ...(ticket ? { ticket } : {}) }
  }

  #entered({ visitor, now, room }: Hello): void {
    if (visitor) this.#me = visitor.id
    if (now) this.#aheadMs = Date.now() - Date.parse(now)
    this.#told = this.track.watching
    const { state, ...rest } = room ?? { state: {}, chat: [] }
    this.#moments.flush()
    this.joined.tell({ visitor, ...rest, state: this.#goods.read(state as StateNews) })
  }

  /** Viewers are people whose room is in sight and plays: say when that changes. */
  #watching(playing: boolean): void {
    this.#centrifuge?.setData(this.#wish)
    if (playing === this.#told || this.#centrifuge?.state !== 'connected') return
    this.#told = playing
    this.#centrifuge.rpc('watch', { room: this.id, playing }).catch(() => undefined)
  }

  #changed(news: StateNews): void {
    // The show itself begins, pauses and ends for all at once; the rest waits for the picture.
    if (news.status !== undefined || news.slate !== undefined || news.epoch !== undefined) {
      this.#moments.flush()
      this.state.tell(this.#goods.read(news))
    } else this.#moments.tell(news.media_at, () => this.state.tell(this.#goods.read(news)))
  }

  #heard(line: ChatLine): void {
    if (line.kind === 'hide') this.#moments.tell(undefined, () => this.chatHidden.tell({ id: line.id, v: line.v }))
    else if (line.v && line.v === this.#me) this.chatLine.tell(line)
    else this.#moments.tell(line.media_at, () => this.chatLine.tell(line))
  }

  /** What is on screen, as a share remembers it; who rewinds says what else it is. */
  shown: () => Shown = () => ({ at: this.player.shownAt, product: null })

  /** Where in the stream we are: media time, which the server maps to the show. */
  #momentMs(): number | null {
    const at = this.#yh.video.currentTime
    return at > 0 ? Math.round(Math.min(at, 7 * 86_400) * 1000) : null
  }
}

/** The server answers a refused line with its error code as message, `chat_slow_mode:12`: after a
 * colon the seconds after which trying again makes sense. */
export function chatError(error: unknown): YaoheError {
  if (error instanceof YaoheError) return error
  const { code, message } = error as { code?: number; message?: string }
  const [, word, seconds] = /^([a-z_]+)(?::(\d+))?$/.exec(message ?? '') ?? []
  const known = word ?? (code === 1 ? 'timeout' : 'chat_refused')
  return new YaoheError(known, message ?? '', code ?? 0, seconds ? Number(seconds) : null)
}
