/**
 * Whether this browser may be remembered, where the shop asks. The answer is kept in a cookie that
 * says yes or no and nothing else; what was opened before a yes becomes this visitor's with it.
 */
import type { Client } from './client'
import { Signal } from './events'

const COOKIE = /(?:^|; )yh_c=(yes|no)(?:;|$)/

/** What a person answered on this site; null before they did. */
export function answerIn(cookies: string): boolean | null {
  const said = COOKIE.exec(cookies)?.[1]
  return said === undefined ? null : said === 'yes'
}

/** What the open page tells of itself once somebody accepted: how they came. */
export type Claim = (client: Client) => Promise<unknown>

/** The share that led here, and how its opening was counted without a name (null: it was not). */
export function byShare(token: string, opening: () => Promise<string | null>): Claim {
  return async (client) => client.post('/api/v1/beacon', { token, opening: await opening() })
}

/** A page that no share led to: its own address and the page before it say the way. */
export function byPage(room: string, query: string, referrer: string): Claim {
  return (client) => client.post(`/api/v1/rooms/${room}/landed`, { query: query.slice(0, 512), referrer: referrer.slice(0, 512) })
}

export class Consent {
  /** Whether the shop asks at all. */
  readonly asks: boolean
  /** Each answer, once the server has it. */
  readonly answered = new Signal<boolean>()
  /** Puts the question for something that cannot be done without a yes; the page says how. */
  question: () => Promise<boolean> = () => Promise.resolve(false)
  readonly #client: () => Client
  readonly #claim: Claim | null
  #accepted: boolean | null

  constructor(client: () => Client, asks: boolean, claim: Claim | null, cookies: string) {
    this.#client = client
    this.#claim = claim
    this.asks = asks
    this.#accepted = answerIn(cookies)
  }

  /** true, false, or null while nobody answered. */
  get accepted(): boolean | null {
    return this.#accepted
  }

  /** Nothing has to be asked. */
  get given(): boolean {
    return !this.asks || this.#accepted === true
  }

  /** Ask when it has to be asked; whether it may be done. */
  async ask(): Promise<boolean> {
    return this.given || this.question()
  }

  async answer(accepted: boolean): Promise<void> {
    const first = this.#accepted !== true
    await this.#client().post('/api/v1/me/consent', { accepted })
    this.#accepted = accepted
    // The open page becomes a visit of the one who just said yes.
    if (accepted && first) await this.#claim?.(this.#client()).catch(() => undefined)
    this.answered.tell(accepted)
  }
}
