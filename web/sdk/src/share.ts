/**
 * Shares of one room. A share is prepared before it is needed, so that the tap which sends it is
 * still a fresh gesture; when it is used it becomes *intended* and the next one is prepared.
 */
import type { PictureName, ShareChannel } from './channels'
import type { Client } from './client'
import { Signal } from './events'

export interface Share {
  token: string
  url: string
  card_url: string
  poster_url: string
  square_url?: string | null
  /** One line to say, without the link. */
  text: string
  /** The product the share is about. */
  product?: string | null
  /** An MP4, where a clip is shared. */
  clip_url?: string | null
  /** Who made it, where that is kept nowhere but here. */
  maker?: string | null
}

/** What is on screen when somebody shares: the time of day and the product of that moment. */
export interface Shown {
  at: number | null
  product: string | null
}

/** What the sharer lets the friend know. */
export interface Told {
  note: string
  bought: boolean
}

/** Two moments further apart than this are two shares. */
const MOVED_MS = 15_000

export interface SharedBefore {
  token: string
  channel: string
  created_at: string
  friends: number
  watched: number
  orders: number
}

export class Shares {
  readonly #client: Client
  readonly #room: string
  readonly #parent: string | null
  readonly #momentMs: () => number | null
  /** Each share as soon as it is there, before anybody uses it. */
  readonly prepared = new Signal<Share>()
  readonly #shown: () => Shown
  #channels: Promise<ShareChannel[]> | null = null
  #ready: Promise<Share> | null = null
  #readyAt = 0
  #readyOf: number | null = null

  constructor(client: Client, room: string, parent: string | null, momentMs: () => number | null, shown: () => Shown = () => ({ at: null, product: null })) {
    this.#client = client
    this.#room = room
    this.#parent = parent
    this.#momentMs = momentMs
    this.#shown = shown
  }

  /** The share that waits to be used; asked again after a failure, when its card is old, and when
   * something else is on screen by now. */
  prepare(): Promise<Share> {
    if (!this.#ready || Date.now() - this.#readyAt > 60_000 || this.#hasMoved()) {
      this.#readyAt = Date.now()
      this.#readyOf = this.#shown().at
      this.#ready = this.#create()
      this.#ready.then(
        (share) => this.prepared.tell(share),
        () => (this.#ready = null),
      )
    }
    return this.#ready
  }

  /** A share of the last seconds up to a time of day (in milliseconds, on the clock of the stream),
   * else up to what is on screen; cut and ready when this returns. */
  clip(lastS: number, at: number | null = null): Promise<Share> {
    const until = at === null ? {} : { moment_at: new Date(at).toISOString() }
    return this.#create({ content: 'clip', last_s: lastS, ...until })
  }

  /** Where a share can go from this browser, the likeliest first; asked once. */
  channels(lang: string): Promise<ShareChannel[]> {
    this.#channels ??= this.#client
      .get<{ items: ShareChannel[] }>(`/api/v1/share-channels?lang=${lang}`)
      .then(({ items }) => items)
    this.#channels.catch(() => (this.#channels = null))
    return this.#channels
  }

  /** Tells the friend who opens this share; the answer is what they will read. */
  tell(share: Share, told: Told): Promise<Told> {
    return this.#client.put<Told>(`/api/v1/shares/${share.token}/note`, told)
  }

  /** The person pressed: the prepared share is theirs now. Does not wait, the gesture is short. */
  use(share: Share, channel: string): void {
    this.#client
      .post(`/api/v1/shares/${share.token}/intend`, { channel, ...(share.maker ? { maker: share.maker } : {}) }, { keepalive: true })
      .catch(() => undefined) // a landing on it counts all the same
    this.#ready = null
  }

  /** What this visitor's shares brought so far. */
  async mine(): Promise<SharedBefore[]> {
    return (await this.#client.get<{ items: SharedBefore[] }>('/api/v1/me/shares')).items
  }

  /** Whether somebody went elsewhere in the show since: back, forth, or to what is live. */
  #hasMoved(): boolean {
    const { at } = this.#shown()
    if (at === null || this.#readyOf === null) return at !== this.#readyOf
    return Math.abs(at - this.#readyOf) > MOVED_MS
  }

  async #create(wish: Record<string, unknown> = {}): Promise<Share> {
    const moment = this.#momentMs()
    const { at, product } = this.#shown()
    return this.#client.post<Share>(`/api/v1/rooms/${this.#room}/shares`, {
      channel: 'copy_link',
      content: 'card',
      prepared: true,
      intents: false,
      ...(this.#parent ? { parent: this.#parent } : {}),
      ...(moment === null ? {} : { moment_ms: moment }),
      ...(at === null ? {} : { moment_at: new Date(at).toISOString() }),
      ...(product === null ? {} : { product }),
      ...wish,
    })
  }
}

/** What is pasted or spoken: the line, then the link once. */
export function shareText(share: Pick<Share, 'text' | 'url'>): string {
  return share.text ? `${share.text}\n${share.url}` : share.url
}

export interface Device {
  canShareFiles: boolean
  isApple: boolean
}

/** What to hand to the system's own sheet. Apple drops the file when text comes with it. */
export function systemShareData(
  share: Pick<Share, 'text' | 'url'>,
  file: File | null,
  device: Device,
): ShareData {
  if (file && device.canShareFiles) {
    return device.isApple ? { files: [file] } : { files: [file], text: shareText(share) }
  }
  // The link inside the text only: text plus url prints it twice in chats.
  return { text: shareText(share) }
}

/** Where this picture of the share is. A picture that leaves as a file says for which channel, so
 * that it carries nothing the channel forbids. */
export function pictureUrl(share: Pick<Share, 'card_url'>, name: PictureName, leavesBy = ''): string {
  const url = share.card_url.replace('card.jpg', `${name}.jpg`)
  return leavesBy ? `${url}?for=${leavesBy}` : url
}
