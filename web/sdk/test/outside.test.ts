import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClient, YaoheError } from '../src/outside'
import { takeClick } from '../src/outside/room'
import { offered } from '../src/outside/sheet'

const VISIT = { visitor: 'v_1.mac', invited: { token: 'Ab3dEf6h1J', sharer: 'Lin' }, counted: true }
const answer = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status })

/** A shop that answers by path and remembers what it was asked. */
function shop(answers: Record<string, () => Response | Promise<Response>> = {}) {
  const asked: { path: string; body: any; headers: Record<string, string> }[] = []
  const fetch = vi.fn(async (url: RequestInfo | URL, init?: RequestInit) => {
    const path = String(url).replace('https://share.example/api/v1/outside', '')
    asked.push({ path, body: JSON.parse(String(init?.body)), headers: init?.headers as Record<string, string> })
    const known = answers[path]
    if (known) return known()
    return answer(200, path.endsWith('/visits') ? VISIT : {})
  })
  const client = createClient({ baseUrl: 'https://share.example/', key: 'yhp_test_abc', lang: 'en', fetch })
  return { client, asked }
}

describe('events on plain http', () => {
  it('have ids of their own though the browser makes none', async () => {
    const bytes = crypto.getRandomValues.bind(crypto)
    vi.stubGlobal('crypto', { getRandomValues: bytes })
    const { client, asked } = shop()
    const room = client.room('a')
    await room.enter()
    await room.track('add_to_cart')
    await room.track('add_to_cart')
    const ids = asked.filter(({ path }) => path.endsWith('/events')).map(({ body }) => body.id)
    expect(ids).toHaveLength(2)
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(ids[0]).not.toBe(ids[1])
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** What a page keeps. */
function box(first: Record<string, string> = {}) {
  const kept = new Map(Object.entries(first))
  const storage = { get: (name: string) => kept.get(name) ?? null, set: (name: string, value: string) => void kept.set(name, value), remove: (name: string) => void kept.delete(name) }
  return { kept, storage }
}

describe('consent', () => {
  const passing = { ...VISIT, visitor: 'v_p.mac', named: false, opening: 'f'.repeat(32) }
  const asking = (first = {}) => {
    const { kept, storage } = box(first)
    const asked: { path: string; body: any; visitor?: string }[] = []
    const fetch = vi.fn(async (url: RequestInfo | URL, init?: RequestInit) => {
      const path = String(url).replace('https://share.example/api/v1/outside', '')
      const body = JSON.parse(String(init?.body))
      asked.push({ path, body, visitor: (init?.headers as Record<string, string>)['x-yaohe-visitor'] })
      if (path.endsWith('/visits')) return answer(200, body.consent ? VISIT : passing)
      return answer(200, { token: 'Zz3dEf6h1J', url: 'u', text: 't', cover_url: '', intents: {} })
    })
    const client = createClient({ baseUrl: 'https://share.example', key: 'yhp_test_abc', lang: 'en', fetch, storage, consent: 'ask' })
    return { client, kept, asked }
  }

  it('keeps nothing and shares all the same before a yes', async () => {
    const { client, kept, asked } = asking()
    const room = client.room('a')
    await room.enter()
    await room.share()
    expect([...kept.keys()]).toEqual([])
    expect(client.visitor).toBeNull()
    expect(asked.map(({ path, visitor }) => [path, visitor])).toEqual([
      ['/rooms/a/visits', undefined],
      ['/rooms/a/shares', 'v_p.mac'],
    ])
    expect(asked[0]!.body).toEqual({ consent: false })
    await expect(room.track('like')).rejects.toMatchObject({ code: 'consent_needed' })
    await expect(client.identify('t')).rejects.toMatchObject({ code: 'consent_needed' })
  })

  it('with a yes the open visit becomes theirs, and the answer is kept', async () => {
    const { client, kept, asked } = asking()
    const room = client.room('a')
    await room.enter()
    await client.consent(true)
    expect(asked[1]).toMatchObject({ path: '/rooms/a/visits', body: { consent: true, opening: 'f'.repeat(32) } })
    expect(asked[1]!.visitor).toBeUndefined()
    expect(client.visitor).toBe('v_1.mac')
    expect(Object.fromEntries(kept)).toEqual({ 'yaohe.consent': 'yes', 'yaohe.visitor.yhp_test_': 'v_1.mac' })
    await room.track('like')
    expect(asked.at(-1)).toMatchObject({ path: '/rooms/a/events', visitor: 'v_1.mac' })
  })

  it('a no is kept without a name and takes the name away', async () => {
    const { client, kept, asked } = asking({ 'yaohe.consent': 'yes', 'yaohe.visitor.yhp_test_': 'v_1.mac' })
    expect([client.consented, client.visitor]).toEqual([true, 'v_1.mac'])
    await client.consent(false)
    expect(Object.fromEntries(kept)).toEqual({ 'yaohe.consent': 'no' })
    await client.room('a').enter()
    expect(asked.at(-1)).toMatchObject({ body: { consent: false }, visitor: undefined })
    expect(client.visitor).toBeNull()
  })
})

describe('@yaohe/sdk', () => {
  it('runs where there is no window, and never with a secret key', () => {
    expect(typeof window).toBe('undefined')
    expect(createClient({ baseUrl: '', key: 'yhp_live_x' }).visitor).toBeNull()
    expect(() => createClient({ baseUrl: '', key: 'yhs_live_x' })).toThrow(TypeError)
  })

  it('enters once, keeps the visitor and says it from then on', async () => {
    const { client, asked } = shop()
    const room = client.room('show-1')
    expect(client.room('show-1')).toBe(room)
    await Promise.all([room.enter(), room.enter(), room.track('like')])
    expect(asked.map((one) => one.path)).toEqual(['/rooms/show-1/visits', '/rooms/show-1/events'])
    expect(asked[0]!.headers).not.toHaveProperty('x-yaohe-visitor')
    expect(asked[1]!.headers['x-yaohe-visitor']).toBe('v_1.mac')
    expect(asked[1]!.headers['authorization']).toBe('Bearer yhp_test_abc')
    expect(client.visitor).toBe('v_1.mac')
  })

  it('passes on whose share led here, and prepares one share for the tap', async () => {
    const share = { token: 'Zz3dEf6h1J', url: 'u', text: 't', cover_url: '', intents: {} }
    const { client, asked } = shop({ '/rooms/a/shares': () => answer(201, share) })
    const room = client.room('a')
    expect(await room.prepare()).toEqual(await room.prepare())
    room.use(await room.prepare(), 'weibo')
    await vi.waitFor(() => expect(asked).toHaveLength(3))
    expect(asked[1]!.body).toEqual({ parent: 'Ab3dEf6h1J', prepared: true })
    expect(asked[2]).toMatchObject({ path: '/shares/Zz3dEf6h1J/intend', body: { channel: 'weibo' } })
  })

  it('tells an event again under the same id when the network fails, and then says so', async () => {
    vi.useFakeTimers()
    const { client, asked } = shop({ '/rooms/a/events': () => Promise.reject(new TypeError('network')) })
    const told = client.room('a').track('add_to_cart', { sku: 1 }).catch((error: unknown) => error)
    await vi.runAllTimersAsync()
    expect(await told).toMatchObject({ code: 'offline' })
    const ids = asked.filter((one) => one.path.endsWith('/events')).map((one) => one.body.id)
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(1)
  })

  it('does not tell again what was refused', async () => {
    const refused = answer(422, { error: { code: 'bad_input', message: 'no' } })
    const { client, asked } = shop({ '/rooms/a/events': () => refused })
    await expect(client.room('a').track('X')).rejects.toBeInstanceOf(YaoheError)
    expect(asked).toHaveLength(2)
  })

  it('begins anew when what it kept is of another installation', async () => {
    let first = true
    const { client, asked } = shop({
      '/rooms/a/visits': () => {
        const known = first
        first = false
        return known ? answer(401, { error: { code: 'visitor_unknown', message: 'x' } }) : answer(200, VISIT)
      },
    })
    await client.room('a').enter()
    expect(asked).toHaveLength(2)
    expect(client.visitor).toBe('v_1.mac')
  })

  it('takes the click id out of the address and leaves the rest as it was', () => {
    const replaceState = vi.fn()
    const href = 'https://live.example/r?q=a%20b&yh_cid=C-1&utm_source=x#/chat'
    vi.stubGlobal('window', { location: { href }, history: { state: { a: 1 }, replaceState } })
    expect(takeClick()).toBe('C-1')
    expect(String(replaceState.mock.calls[0]![2])).toBe('https://live.example/r?q=a%20b&utm_source=x#/chat')
  })

  it('offers only ways that have a window, those of the language first', () => {
    const intents = { x: 'https://x', weibo: 'https://w', copy_link: '', unheard_of: 'https://u' }
    const share = { token: 't', url: 'u', text: 't', cover_url: '', intents }
    expect(offered(share, 'zh-CN').map((way) => way.id)).toEqual(['weibo', 'x'])
    expect(offered(share, 'en').map((way) => way.name)).toEqual(['X', 'Weibo'])
  })
})
