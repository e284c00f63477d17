/**
 * Shares of one room. A share is prepared before it is needed, so that the tap which sends it is
 * still a fresh gesture; when it is used it becomes *intended* and the next one is prepared.
 */
import type { Client } from './client'
import { Signal } from './events'

export type Channel =
  | 'copy_link' | 'save_card' | 'system' | 'wechat' | 'weibo' | 'x' | 'whatsapp' | 'telegram'
export type Content = 'link' | 'card' | 'poster'

export interface Share {
  token: string
  url: string
  card_url: string
  poster_url: string
  square_url?: string | null
  /** One line to say, without the link. */
  text: string
  /** Addresses of other services' compose windows, by channel. */
  intents: Partial<Record<Channel, string>>
}

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
  #ready: Promise<Share> | null = null
  #readyAt = 0

  constructor(client: Client, room: string, parent: string | null, momentMs: () => number | null) {
    this.#client = client
    this.#room = room
    this.#parent = parent
    this.#momentMs = momentMs
  }

  /** The share that waits to be used; asked again after a failure or when its card is old. */
  prepare(): Promise<Share> {
    if (!this.#ready || Date.now() - this.#readyAt > 60_000) {
      this.#readyAt = Date.now()
      this.#ready = this.#create()
      this.#ready.then(
        (share) => this.prepared.tell(share),
        () => (this.#ready = null),
      )
    }
    return this.#ready
  }

  /** The person pressed: the prepared share is theirs now. Does not wait, the gesture is short. */
  use(share: Share, channel: Channel): void {
    this.#client
      .post(`/api/v1/shares/${share.token}/intend`, { channel }, { keepalive: true })
      .catch(() => undefined) // a landing on it counts all the same
    this.#ready = null
  }

  /** What this visitor's shares brought so far. */
  async mine(): Promise<SharedBefore[]> {
    return (await this.#client.get<{ items: SharedBefore[] }>('/api/v1/me/shares')).items
  }

  async #create(): Promise<Share> {
    const moment = this.#momentMs()
    return this.#client.post<Share>(`/api/v1/rooms/${this.#room}/shares`, {
      channel: 'copy_link',
      content: 'card',
      prepared: true,
      ...(this.#parent ? { parent: this.#parent } : {}),
      ...(moment === null ? {} : { moment_ms: moment }),
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

/** Where the picture of this kind is; none for a share that is words and a link. */
export function pictureUrl(share: Pick<Share, 'card_url' | 'poster_url'>, kind: Content): string | null {
  if (kind === 'link') return null
  return kind === 'poster' ? share.poster_url : share.card_url
}
