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

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
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
