/** The root of the SDK on a site of your own. */
import { createClient as transport } from '../client'
import { YaoheError } from '../errors'
import type { IdentifyAnswer } from '../generated/outside'
import { defineElement } from './element'
import { memory, type Memory } from './memory'
import { OutsideRoom, type Person } from './room'

export interface Options {
  /** Where Yaohe runs, such as `https://share.example.com`. */
  baseUrl: string
  /** A public key, `yhp_…`. It says which sites it may be used on. */
  key: string
  /** Language of what the SDK shows and answers; the page's own by default. */
  lang?: 'zh-CN' | 'en'
  /** `ask`: nothing is kept of anybody before `consent(true)`. */
  consent?: 'ask'
  /** Replaceable, for apps that keep things elsewhere. */
  storage?: Memory
  fetch?: typeof fetch
}

export interface Yaohe {
  readonly baseUrl: string
  readonly lang: 'zh-CN' | 'en'
  /** Who is here, as your server names them in an order; null before the first room was entered. */
  readonly visitor: string | null
  /** What this person answered, kept without their name; null while they did not. */
  readonly consented: boolean | null
  /** They may be remembered here, or not (any longer). What they opened before a yes is theirs. */
  consent(accepted: boolean): Promise<void>
  /** A room by the ref under which your server told it. */
  room(ref: string): OutsideRoom
  /** Say who this is, with a token your server has signed; answers the user's id. */
  identify(token: string): Promise<string>
}

const ANSWER = 'yaohe.consent'

function pageLang(): 'zh-CN' | 'en' {
  const said = typeof document === 'undefined' ? '' : document.documentElement.lang || navigator.language
  return said.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export function createClient(options: Options): Yaohe {
  if (options.key.startsWith('yhs_')) {
    throw new TypeError('A secret key must not be in a page. Use a public key, yhp_…')
  }
  const storage = options.storage ?? memory()
  // Live and test keys know different visitors.
  const kept = `yaohe.visitor.${options.key.slice(0, 9)}`
  const lang = options.lang ?? pageLang()
  const rooms = new Map<string, OutsideRoom>()
  const said = { yes: true, no: false }[storage.get(ANSWER) ?? ''] ?? null
  // Of who did not accept the page alone knows who they are, and only for sharing.
  let accepted: boolean | null = said
  let passing: string | null = null
  const named = (): boolean => (options.consent === 'ask' ? accepted === true : accepted !== false)
  const visitor = (): string | null => (named() && !passing ? storage.get(kept) || null : null)
  const person: Person = {
    consent: () => (options.consent || accepted !== null ? accepted === true : null),
    refuse() {
      if (named() && !passing) return
      throw new YaoheError('consent_needed', 'Ask this person first, then call consent(true).')
    },
    remember(is, isNamed) {
      passing = isNamed ? null : is
      if (isNamed) storage.set(kept, is)
    },
  }
  const calls = transport({
    baseUrl: options.baseUrl,
    token: options.key,
    fetch: options.fetch,
    headers: () => {
      const known = passing ?? visitor()
      return { 'accept-language': lang, ...(known ? { 'x-yaohe-visitor': known } : {}) }
    },
  })
  const client: Yaohe = {
    baseUrl: calls.baseUrl,
    lang,
    get visitor() {
      return visitor()
    },
    room(ref) {
      let room = rooms.get(ref)
      if (!room) rooms.set(ref, (room = new OutsideRoom(calls, ref, person)))
      return room
    },
    get consented() {
      return accepted
    },
    async consent(yes) {
      accepted = yes
      passing = null
      storage.set(ANSWER, yes ? 'yes' : 'no')
      if (!yes) storage.remove?.(kept)
      await Promise.all([...rooms.values()].map((room) => room.again()))
    },
    async identify(token) {
      person.refuse()
      return (await calls.post<IdentifyAnswer>('/api/v1/outside/identify', { token })).user
    },
  }
  defineElement(client)
  return client
}
