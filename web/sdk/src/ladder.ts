/**
 * The rungs of a show, as a player climbs them: what is offered, which one plays, by itself or by
 * hand. A rung is named by the height of its picture, the top one by nothing. Below all of them is
 * the sound alone, which is only ever chosen by hand.
 */
import type { PlayerStats } from './boot-handle'
import { Signal } from './events'
import { Meter, Steps, type Step } from './steps'
import type { Media } from './ways'

export interface Rung {
  rung: string
  width: number
  height: number
  kbps: number
  codecs: string
}

/** The sound alone: no byte of the picture is asked for. */
export const SOUND = 'audio'

/** What the sound alone takes. */
export interface SoundOffer {
  kbps: number
  codecs: string
}

interface Offers {
  rungs: Rung[]
  sound: SoundOffer | null
}

/** While there is trouble the list is asked for again this often at most. */
const ASK_AGAIN_MS = 5000

/** What stands beside `media`'s stream. */
async function offered(media: Media): Promise<Offers> {
  const answer = await fetch(beside(media.stream, 'rungs.json'), { cache: 'no-store' })
  return answer.ok ? ((await answer.json()) as Offers) : { rungs: [], sound: null }
}

/** Another name in the same folder, with the same query. */
function beside(address: string, name: string): string {
  const [path = '', query] = address.split('?')
  return path.replace(/[^/]*$/, name) + (query ? `?${query}` : '')
}

function withRung(address: string, rung: string): string {
  return rung ? `${address}${address.includes('?') ? '&' : '?'}rung=${rung}` : address
}

export class Ladder {
  readonly changed = new Signal<void>()
  rungs: Rung[] = []
  /** Null where there is no sound, or no picture to do without. */
  sound: SoundOffer | null = null
  /** Chosen by hand; null leaves it to the player. */
  chosen: string | null = null
  /** What is asked for, and what came. */
  #wanted = ''
  #playing = ''
  #askedAt = -Infinity
  readonly #page: { media: Media | null }
  readonly #stats: PlayerStats
  readonly #move: () => void
  readonly #steps = new Steps()
  readonly #meter = new Meter()

  /** `page` is asked each time: its addresses may change while it is open. */
  constructor(page: { media: Media | null }, stats: PlayerStats, move: () => void) {
    this.#page = page
    this.#stats = stats
    this.#move = move
  }

  /** The rung on screen. */
  get playing(): string {
    return this.#playing
  }

  /** Whether the sound comes alone now. Over HLS it is what was chosen, since nobody says what came. */
  get soundOnly(): boolean {
    if (this.chosen !== SOUND) return false
    return this.#playing === SOUND || this.#stats.route.startsWith('hls')
  }

  /** Where to ask for the wanted rung. HLS players choose among all lists unless somebody chose. */
  get way(): Media | null {
    if (!this.#page.media) return null
    const { stream, ws, hls } = this.#page.media
    return { stream: withRung(stream, this.#wanted), ws: withRung(ws, this.#wanted), hls: beside(hls, this.#list) }
  }

  get #list(): string {
    if (this.chosen === null) return 'master.m3u8'
    if (this.chosen === SOUND) return 'audio.m3u8'
    return `${this.chosen && `${this.chosen}p-`}index.m3u8`
  }

  /** By hand; null gives it back to the player. */
  choose(rung: string | null): void {
    const before = this.chosen
    this.chosen = rung
    this.#steps.forget(performance.now())
    if (rung !== null) this.#wanted = rung
    else if (before === SOUND) this.#wanted = ''
    if (rung !== before) this.#move()
    this.changed.tell()
  }

  /** A line began with this rung. */
  took(rung: string): void {
    this.#playing = rung
    this.changed.tell()
  }

  heard(bytes: number): void {
    this.#meter.heard(bytes, performance.now())
  }

  /** Looks whether to step, a few times a second; only a line in plain sight proves anything. */
  look(onLine: boolean, standsMs: number): void {
    const now = performance.now()
    if (!onLine || this.chosen !== null || document.visibilityState !== 'visible') return this.#steps.forget(now)
    const here = this.rungs.findIndex(({ rung }) => rung === this.#wanted)
    const neededKbps = this.rungs[here]?.kbps ?? 0
    const look = { now, stalls: this.#stats.stalls, standsMs, kbps: this.#meter.kbps(now), neededKbps }
    const step = this.#steps.verdict(look)
    if (step === 'down' || standsMs || (step && this.#wanted)) void this.ask()
    if (step) this.#take(step, here, now)
  }

  /** Learns what is offered; at most every few seconds. */
  async ask(): Promise<void> {
    const now = performance.now()
    const { media } = this.#page
    if (!media || now - this.#askedAt < ASK_AGAIN_MS) return
    this.#askedAt = now
    Object.assign(this, await offered(media).catch(() => ({})))
    this.changed.tell()
  }

  #take(step: Step, here: number, now: number): void {
    const next = this.rungs[here < 0 ? 0 : here + (step === 'down' ? 1 : -1)]
    if (!next || next.rung === this.#wanted) return
    this.#steps.stepped(step, now)
    this.#wanted = next.rung
    this.#move()
  }
}
