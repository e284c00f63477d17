import { describe, expect, it, vi } from 'vitest'
import { createClient } from '../src/client'
import { YaoheError } from '../src/errors'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(body === null ? null : JSON.stringify(body), { status, headers })

describe('client', () => {
  it('sends JSON with the key of the intention and reads JSON', async () => {
    const fetch = vi.fn(async (_url: RequestInfo | URL, _init?: RequestInit) => answer(201, { id: 'o_1' }))
    const client = createClient({ fetch })
    expect(await client.post('/api/v1/orders', { quantity: 1 }, { idempotencyKey: 'k' })).toEqual({ id: 'o_1' })
    const [url, init] = fetch.mock.calls[0]!
    expect(url).toBe('/api/v1/orders')
    expect(init?.body).toBe('{"quantity":1}')
    expect(init?.headers).toMatchObject({ 'idempotency-key': 'k', 'content-type': 'application/json' })
  })

  it('turns a refusal into its code, also on a foreign site with a key', async () => {
    const fetch = vi.fn(async (_url: RequestInfo | URL, _init?: RequestInit) =>
      answer(429, { error: { code: 'help_too_early', message: 'Watch on.' } }, { 'retry-after': '4' }))
    const client = createClient({ fetch, baseUrl: 'https://shop.example/', token: 'yk_1' })
    const error = await client.post('/api/v1/shares/t/help').catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(YaoheError)
    expect(error).toMatchObject({ code: 'help_too_early', status: 429, retryAfterS: 4 })
    expect(fetch.mock.calls[0]![0]).toBe('https://shop.example/api/v1/shares/t/help')
    expect(fetch.mock.calls[0]![1]).toMatchObject({ credentials: 'omit', headers: { authorization: 'Bearer yk_1' } })
  })

  it('says offline when nothing answers and timeout when it takes too long', async () => {
    const offline = createClient({ fetch: () => Promise.reject(new TypeError('network')) })
    await expect(offline.get('/x')).rejects.toMatchObject({ code: 'offline' })
    const slow = createClient({
      timeoutMs: 5,
      fetch: (_url, init) =>
        new Promise((_done, fail) => init?.signal?.addEventListener('abort', () => fail(new Error('aborted')))),
    })
    await expect(slow.get('/x')).rejects.toMatchObject({ code: 'timeout' })
  })

  it('gives a call as long as it asks for', async () => {
    const client = createClient({
      timeoutMs: 5,
      fetch: (_url, init) =>
        new Promise((done, fail) => {
          init?.signal?.addEventListener('abort', () => fail(new Error('aborted')))
          setTimeout(() => done(answer(201, { key: 'k' })), 30)
        }),
    })
    await expect(client.exchange('POST', '/x', 'bytes', 'image/jpeg')).rejects.toMatchObject({ code: 'timeout' })
    expect((await client.exchange('POST', '/x', 'bytes', 'image/jpeg', { timeoutMs: 10_000 })).status).toBe(201)
  })

  it('survives an answer that is not ours', async () => {
    const proxy = createClient({ fetch: async () => new Response('<html>', { status: 502 }) })
    await expect(proxy.get('/x')).rejects.toMatchObject({ code: 'unreadable', status: 502 })
    const odd = createClient({ fetch: async () => new Response('<html>', { status: 200 }) })
    await expect(odd.get('/x')).rejects.toMatchObject({ code: 'unreadable' })
    const none = createClient({ fetch: async () => answer(204, null) })
    expect(await none.delete('/x')).toBeUndefined()
  })
})
