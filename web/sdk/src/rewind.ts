/**
 * What was: the time line of a show that can be rewound while it is live and replayed after. It
 * plays from a moment by asking for the list that begins there, so a show of hours stays short.
 */
import type { Client } from './client'
import type { ChatLine } from './events'
import { HlsPlayback } from './hls'
import type { Player } from './player'
import { sourceClass } from './sink'

/** A stretch without a gap: `from_ms` of replay go before, `at` is its time of day. */
export interface Span {
  at: string
  from_ms: number
  ms: number
}

export interface Replay {
  show: number
  live: boolean
  list_url: string
  spans: Span[]
  faces: { at: string; url: string }[]
  chapters: { at: string; product_id: string; title: string; title_en: string; picture: string | null }[]
  shares: { at: string; n: number }[]
}

/** Words to read from a time of day on, until the next ones; none where `text` is empty. */
export interface PastCaption {
  at: string
  text: string
}

/** The last of those in order that fits; older browsers have no `findLast`. */
export function lastOf<One>(all: readonly One[], fits: (one: One) => boolean): One | null {
  for (let n = all.length - 1; n >= 0; n--) if (fits(all[n]!)) return all[n]!
  return null
}

export function totalMs(spans: readonly Span[]): number {
  const last = spans[spans.length - 1]
  return last ? last.from_ms + last.ms : 0
}

/** The time of day, in milliseconds, at a position of the time line. */
export function momentAt(spans: readonly Span[], position: number): number {
  const found = lastOf(spans, (span) => span.from_ms <= position) ?? spans[0]
  return found ? Date.parse(found.at) + Math.min(position - found.from_ms, found.ms) : 0
}

/** The position of a time of day; what fell into a gap stands at its end. */
export function positionOf(spans: readonly Span[], at: number): number {
  const found = lastOf(spans, (span) => Date.parse(span.at) <= at)
  return found ? found.from_ms + Math.min(at - Date.parse(found.at), found.ms) : 0
}

/** Whether a time of day is on the time line and not in one of its gaps. */
export function covers(spans: readonly Span[], at: number): boolean {
  return spans.some((span) => at >= Date.parse(span.at) && at < Date.parse(span.at) + span.ms)
}

/** Where a moment stands on the time line, null where nothing shows it, and how long ago it was. */
export interface MomentPlace {
  position_ms: number | null
  ago_ms: number
}

export class Rewind {
  readonly #client: Client
  readonly #at: string
  readonly #player: Player
  #hls: HlsPlayback | null = null

  constructor(client: Client, roomId: string, player: Player) {
    this.#client = client
    this.#at = `/api/v1/rooms/${roomId}/replay`
    this.#player = player
  }

  /** What can be watched again; throws `nothing_recorded` when that is nothing. */
  load(): Promise<Replay> {
    return this.#client.get<Replay>(this.#at)
  }

  /** Looks up one moment without the time line and all that stands on it. */
  place(at: number): Promise<MomentPlace> {
    return this.#client.get<MomentPlace>(`${this.#at}/moment?at=${at / 1000}`)
  }

  /** What was said about a stretch of the video, between two times of day in milliseconds. */
  async chat(begin: number, end: number): Promise<ChatLine[]> {
    const { items } = await this.#client.get<{ items: ChatLine[] }>(`${this.#at}/chat?begin=${begin / 1000}&end=${end / 1000}`)
    return items
  }

  /** What could be read with a stretch of the video. */
  async captions(begin: number, end: number): Promise<PastCaption[]> {
    const { items } = await this.#client.get<{ items: PastCaption[] }>(`${this.#at}/captions?begin=${begin / 1000}&end=${end / 1000}`)
    return items
  }

  /** Plays from a time of day; `failed` when that is not possible any more. */
  async watch(replay: Replay, at: number, failed: () => void): Promise<void> {
    const video = this.#player.rest()
    this.#hls?.close()
    this.#hls = new HlsPlayback(video, failed)
    const url = `${this.#client.baseUrl}${replay.list_url}&from=${(at / 1000).toFixed(3)}`
    await this.#hls.open(url, sourceClass() === null, () => undefined, at)
    await this.#player.play()
  }

  /** The time of day on screen; null until there is a picture. */
  get shownAt(): number | null {
    return this.#hls?.shownAt ?? null
  }

  /** Nothing of what was is shown any more; the player may be told to expect what is. */
  close(): void {
    this.#hls?.close()
    this.#hls = null
  }
}
