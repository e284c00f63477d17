/** The root of the SDK on a site of your own. */
import { createClient as transport } from '../client'
import type { IdentifyAnswer } from '../generated/outside'
import { defineElement } from './element'
import { memory, type Memory } from './memory'
import { OutsideRoom } from './room'

export interface Options {
  /** Where Yaohe runs, such as `https://share.example.com`. */
  baseUrl: string
  /** A public key, `yhp_…`. It says which sites it may be used on. */
  key: string
  /** Language of what the SDK shows and answers; the page's own by default. */
  lang?: 'zh-CN' | 'en'
  /** Replaceable, for apps that keep things elsewhere. */
  storage?: Memory
  fetch?: typeof fetch
}

export interface Yaohe {
  readonly baseUrl: string
  readonly lang: 'zh-CN' | 'en'
  /** Who is here, as your server names them in an order; null before the first room was entered. */
  readonly visitor: string | null
  /** A room by the ref under which your server told it. */
  room(ref: string): OutsideRoom
  /** Say who this is, with a token your server has signed; answers the user's id. */
  identify(token: string): Promise<string>
}

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
  const visitor = (): string | null => storage.get(kept)
  const calls = transport({
    baseUrl: options.baseUrl,
    token: options.key,
    fetch: options.fetch,
    headers: () => {
      const known = visitor()
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
      if (!room) rooms.set(ref, (room = new OutsideRoom(calls, ref, (is) => storage.set(kept, is))))
      return room
    },
    async identify(token) {
      return (await calls.post<IdentifyAnswer>('/api/v1/outside/identify', { token })).user
    },
  }
  defineElement(client)
  return client
}
