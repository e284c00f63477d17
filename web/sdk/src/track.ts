/**
 * Tells the server that somebody is watching: at the start, every five seconds while the video is
 * seen, and once when it no longer is. The server's clock decides what it is worth; the answer says
 * how much it has counted.
 */
import type { Client } from './client'
import { Signal } from './events'
import { farewell } from './farewell'
import { watchSight } from './sight'

const EVERY_MS = 5000

interface TickAnswer {
  watch_ms: number
}

export class Track {
  /** Milliseconds counted so far by the server. */
  readonly counted = new Signal<number>()
  /** Whether somebody watches: the page is in sight and a picture moves. */
  readonly seen = new Signal<boolean>()
  watchMs = 0
  readonly #client: Client
  readonly #room: string
  readonly #token: string | null
  /** Whether a picture is moving; an open page with a black stage is not watching. */
  readonly #isPlaying: () => boolean
  #timer: ReturnType<typeof setInterval> | undefined
  #told = false

  constructor(client: Client, room: string, token: string | null, isPlaying: () => boolean) {
    this.#client = client
    this.#room = room
    this.#token = token
    this.#isPlaying = isPlaying
  }

  start(): void {
    if (this.#timer) return
    this.#timer = setInterval(() => void this.#tick(), EVERY_MS)
    document.addEventListener('visibilitychange', () => this.seen.tell(this.watching))
    watchSight(0, { seen: () => void this.#tick(), unseen: () => this.#leave() })
    addEventListener('pagehide', () => this.#leave())
    void this.#tick()
  }

  /** Play or stall changed: say so now instead of at the next beat. */
  nudge(): void {
    this.seen.tell(this.watching)
    if (this.#timer && this.watching !== this.#told) void this.#tick()
  }

  get watching(): boolean {
    return document.visibilityState === 'visible' && this.#isPlaying()
  }

  async #tick(): Promise<void> {
    const visible = this.watching
    if (!visible && !this.#told) return
    this.#told = visible
    try {
      const { watch_ms } = await this.#client.post<TickAnswer>('/api/v1/watch', this.#body(visible))
      this.watchMs = watch_ms
      this.counted.tell(watch_ms)
    } catch {
      // A lost tick costs at most one beat; the next one carries on.
    }
  }

  #leave(): void {
    if (!this.#told) return
    this.#told = false
    farewell(this.#client, '/api/v1/watch', this.#body(false))
  }

  #body(visible: boolean): Record<string, unknown> {
    return { room: this.#room, visible, ...(this.#token ? { token: this.#token } : {}) }
  }
}
