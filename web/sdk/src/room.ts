/**
 * One live room, as a page sees it: the façade over the player, shares, plays and shop, and the
 * live channel (Centrifugo's protocol) with chat, state and what concerns this visitor alone.
 */
import type { Centrifuge, PublicationContext, Subscription } from 'centrifuge'
import type { BootHandle } from './boot-handle'
import { createClient, type Client } from './client'
import { YaoheError } from './errors'
import { Signal, type ChatLine, type PersonalEvent, type RoomState, type Visitor } from './events'
import { Goods, type StateNews } from './goods'
import { Player } from './player'
import { Plays } from './plays'
import { socketUrl } from './route'
import { Shares } from './share'
import { Shop } from './shop'
import { Track } from './track'

/** Likes of one visitor leave together, once in this time. */
const LIKES_EVERY_MS = 1000

export interface Joined {
  state: Partial<RoomState>
  chat: ChatLine[]
  visitor?: Visitor
}

export class Room {
  readonly id: string
  readonly client: Client
  readonly player: Player
  readonly shares: Shares
  readonly plays: Plays
  readonly shop: Shop
  readonly track: Track
  readonly joined = new Signal<Joined>()
  readonly chatLine = new Signal<ChatLine>()
  readonly chatHidden = new Signal<string>()
  readonly state = new Signal<Partial<RoomState>>()
  readonly personal = new Signal<PersonalEvent>()
  readonly online = new Signal<boolean>()
  readonly #yh: BootHandle
  readonly #goods: Goods
  #centrifuge: Centrifuge | null = null
  #chat: Subscription | null = null
  #likes = 0
  #likesTimer: ReturnType<typeof setTimeout> | undefined

  constructor(yh: BootHandle) {
    const { data } = yh
    this.#yh = yh
    this.id = data.room.id
    this.#goods = new Goods(data.lang)
    this.client = createClient({ baseUrl: data.base })
    this.player = new Player(yh)
    const token = data.share?.token ?? null
    this.shares = new Shares(this.client, this.id, token, () => this.#momentMs())
    this.plays = new Plays(this.client, this.id)
    this.shop = new Shop(this.client)
    this.track = new Track(this.client, this.id, token, () => this.player.phase === 'playing')
    this.player.phaseChanged.on(() => this.track.nudge())
  }

  /** Opens the live channel; its client is only loaded here, after the first frame. */
  async open(): Promise<void> {
    this.track.start()
    const { Centrifuge: Client } = await import('centrifuge')
    const url = socketUrl(this.#yh.data.rt, location)
    const centrifuge = new Client(url, { minReconnectDelay: 300, maxReconnectDelay: 8000, name: 'web' })
    this.#centrifuge = centrifuge
    this.#chat = centrifuge.newSubscription(`room:${this.id}:chat`, { recoverable: true })
    this.#chat.on('publication', ({ data }: PublicationContext) => this.#heard(data))
    this.#chat.subscribe()
    const state = centrifuge.newSubscription(`room:${this.id}:state`)
    state.on('publication', ({ data }: PublicationContext) => this.state.tell(this.#goods.read(data as StateNews)))
    state.subscribe()
    centrifuge.on('connected', ({ data }) => {
      this.online.tell(true)
      void this.#join((data as { visitor?: Visitor } | undefined)?.visitor)
    })
    centrifuge.on('connecting', ({ code }) => code !== 0 && this.online.tell(false))
    centrifuge.on('disconnected', () => this.online.tell(false))
    centrifuge.on('publication', ({ channel, data }) => {
      if (channel.startsWith('me:')) this.personal.tell(data as PersonalEvent)
    })
    // The network came back: do not wait for the end of a long pause.
    addEventListener('online', () => centrifuge.connect())
    centrifuge.connect()
  }

  async say(text: string): Promise<void> {
    if (!this.#chat) throw new YaoheError('offline', 'The chat is not connected yet.')
    try {
      await this.#chat.ready(5000)
      await this.#chat.publish({ text })
    } catch (error) {
      throw chatError(error)
    }
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

  async #join(visitor: Visitor | undefined): Promise<void> {
    const token = this.#yh.data.share?.token
    try {
      const { data } = await this.#centrifuge!.rpc('join', { room: this.id, ...(token ? { token } : {}) })
      const { state, ...rest } = data as Omit<Joined, 'state'> & { state: StateNews }
      this.joined.tell({ visitor, ...rest, state: this.#goods.read(state) })
    } catch {
      if (visitor) this.joined.tell({ visitor, state: {}, chat: [] })
    }
  }

  #heard(data: unknown): void {
    const line = data as ChatLine
    if (line.kind === 'hide') this.chatHidden.tell(line.id)
    else this.chatLine.tell(line)
  }

  /** Where in the stream we are: media time, which the server maps to the show. */
  #momentMs(): number | null {
    const at = this.#yh.video.currentTime
    return at > 0 ? Math.round(Math.min(at, 7 * 86_400) * 1000) : null
  }
}

/** The server answers a refused line with its error code as message. */
function chatError(error: unknown): YaoheError {
  if (error instanceof YaoheError) return error
  const { code, message } = error as { code?: number; message?: string }
  const word = message && /^[a-z_]+$/.test(message) ? message : code === 1 ? 'timeout' : 'chat_refused'
  return new YaoheError(word, message ?? '', code ?? 0)
}
