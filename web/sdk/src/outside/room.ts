/** One room of your own: who came by which share, shares of it, and what people did there. */
import { newKey } from '../keys'
import type { Client } from '../client'
import { YaoheError } from '../errors'
import type {
  OutsideShareAnswer,
  OutsideShareRequest,
  VisitAnswer,
  VisitRequest,
  WatchAnswer,
} from '../generated/outside'

export type Share = OutsideShareAnswer
export type Visit = VisitAnswer
export type WaysToShare = Pick<OutsideShareRequest, 'channel' | 'content' | 'text' | 'moment_ms'>

/** No ad network uses this name, so nobody strips it. */
const CLICK_FIELD = 'yh_cid'
const TICK_MS = 5_000
const AGAIN_MS = [1_000, 4_000]
const PREPARED_MS = 60_000

/** The click id in the page's address, taken out of it so that it is not passed on. */
export function takeClick(): string | null {
  if (typeof window === 'undefined') return null
  const url = new URL(window.location.href)
  const click = url.searchParams.get(CLICK_FIELD)
  if (click === null) return null
  // By hand: writing searchParams back would spell the site's own fields anew.
  const kept = url.search.slice(1).split('&').filter((part) => part.split('=')[0] !== CLICK_FIELD)
  url.search = kept.join('&')
  window.history.replaceState(window.history.state, '', url)
  return click
}

/** Who is on this page, and what they said to being remembered. */
export interface Person {
  /** null: nobody said, the shop's own mode decides. */
  consent(): boolean | null
  /** Throws when what is asked for would be kept under a name that may not be kept. */
  refuse(): void
  remember(visitor: string, named: boolean): void
}

export class OutsideRoom {
  readonly ref: string
  readonly #calls: Client
  readonly #path: string
  readonly #person: Person
  #click: string | null = null
  #opening: string | null = null
  #entered: Promise<Visit> | null = null
  #ready: { share: Promise<Share>; at: number } | null = null

  constructor(calls: Client, ref: string, person: Person) {
    this.ref = ref
    this.#calls = calls
    this.#path = `/api/v1/outside/rooms/${encodeURIComponent(ref)}`
    this.#person = person
  }

  /** Somebody is here. Once per page; the other calls do it themselves. */
  enter(): Promise<Visit> {
    if (!this.#entered) {
      this.#click = takeClick() ?? this.#click
      this.#entered = this.#land()
      this.#entered.catch(() => (this.#entered = null))
    }
    return this.#entered
  }

  /** Somebody answered whether they may be remembered: who is here begins anew. */
  async again(): Promise<void> {
    if (!this.#entered) return
    await this.#entered.catch(() => undefined)
    this.#entered = this.#ready = null
    await this.enter()
  }

  async #land(): Promise<Visit> {
    const consent = this.#person.consent()
    const body = {
      ...(this.#click ? { click: this.#click } : {}),
      ...(consent === null ? {} : { consent }),
      ...(consent && this.#opening ? { opening: this.#opening } : {}),
    }
    try {
      return await this.#visit(body)
    } catch (error) {
      // What is kept here may be of an installation that was set up anew.
      if (!(error instanceof YaoheError) || error.code !== 'visitor_unknown') throw error
      this.#person.remember('', true)
      return this.#visit(body)
    }
  }

  async #visit(body: VisitRequest): Promise<Visit> {
    // Who answered no is counted once; the second visit of the page is no second opening.
    const told = this.#opening && !body.consent ? { ...body, click: undefined } : body
    const visit = await this.#calls.post<Visit>(`${this.#path}/visits`, told)
    this.#person.remember(visit.visitor, visit.named !== false)
    this.#opening = visit.named === false ? (visit.opening ?? this.#opening) : null
    return visit
  }

  /** Make a share that goes out now. */
  async share(ways: WaysToShare = {}): Promise<Share> {
    return this.#create({ ...ways })
  }

  /** A share that waits for the tap, so that the tap is still fresh when it is used. */
  prepare(ways: WaysToShare = {}): Promise<Share> {
    if (!this.#ready || Date.now() - this.#ready.at > PREPARED_MS) {
      const share = this.#create({ ...ways, prepared: true })
      this.#ready = { share, at: Date.now() }
      share.catch(() => (this.#ready = null))
    }
    return this.#ready.share
  }

  /** The person pressed: the prepared share goes out by this channel. Does not wait. */
  use(share: Share, channel: string): void {
    this.#calls
      .post(`/api/v1/outside/shares/${share.token}/intend`, { channel }, { keepalive: true })
      .catch(() => undefined) // a landing on it counts all the same
    this.#ready = null
  }

  async #create(wish: OutsideShareRequest): Promise<Share> {
    const visit = await this.enter()
    const parent = visit.invited ? { parent: visit.invited.token } : {}
    return this.#calls.post<Share>(`${this.#path}/shares`, { ...parent, ...wish })
  }

  /** Something happened. Sent again under the same id when the network fails; kept once. */
  async track(name: string, properties: Record<string, unknown> = {}): Promise<void> {
    await this.enter()
    this.#person.refuse()
    const event = { id: newKey(), name, properties }
    for (const pause of [...AGAIN_MS, null]) {
      try {
        await this.#calls.post(`${this.#path}/events`, event, { keepalive: true })
        return
      } catch (error) {
        const passing = error instanceof YaoheError && ['offline', 'timeout', 'try_again', 'busy'].includes(error.code)
        if (!passing || pause === null) throw error
        await new Promise((done) => setTimeout(done, pause))
      }
    }
  }

  /** Count the time somebody watches while the page is in sight; answers how to stop. */
  watch(): () => void {
    if (typeof document === 'undefined') return () => undefined
    const tick = async (): Promise<void> => {
      const { invited } = await this.enter()
      this.#person.refuse()
      const seen = { visible: document.visibilityState === 'visible', token: invited?.token ?? null }
      await this.#calls.post<WatchAnswer>(`${this.#path}/watch`, seen, { keepalive: true })
    }
    const quiet = (): void => void tick().catch(() => undefined) // the next tick speaks for this one
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') quiet()
    }, TICK_MS)
    document.addEventListener('visibilitychange', quiet)
    quiet()
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', quiet)
    }
  }
}
