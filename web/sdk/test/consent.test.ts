import { describe, expect, it, vi } from 'vitest'
import { createClient } from '../src/client'
import { answerIn, byPage, byShare, Consent } from '../src/consent'

const needed = () => new Response(JSON.stringify({ error: { code: 'consent_needed', message: 'Ask.' } }), { status: 403 })

describe('consent', () => {
  it.each([
    ['yh_c=yes', true],
    ['a=b; yh_c=no', false],
    ['yh_c=yes; z=1', true],
    ['', null],
    ['yh_c=', null],
    ['yh_c=maybe', null],
    ['not_yh_c=yes', null],
  ])('reads %j as %j', (cookies, said) => expect(answerIn(cookies)).toBe(said))

  it('a call that needs a name asks, and goes out once more after a yes', async () => {
    let refusals = 1
    const fetch = vi.fn(async () => (refusals-- > 0 ? needed() : new Response('{"ok":1}')))
    const onConsent = vi.fn(async () => true)
    const client = createClient({ fetch, onConsent })
    expect(await client.post('/api/v1/orders')).toEqual({ ok: 1 })
    expect([fetch.mock.calls.length, onConsent.mock.calls.length]).toEqual([2, 1])
  })

  it('does not ask twice, and a no is the refusal itself', async () => {
    const fetch = vi.fn(async () => needed())
    for (const [yes, calls] of [[true, 2], [false, 1]] as const) {
      fetch.mockClear()
      const client = createClient({ fetch, onConsent: async () => yes })
      await expect(client.post('/x')).rejects.toMatchObject({ code: 'consent_needed', status: 403 })
      expect(fetch).toHaveBeenCalledTimes(calls)
    }
  })

  it('a yes makes the open page a visit of this person, once', async () => {
    const asked: unknown[] = []
    const fetch = vi.fn(async (url: RequestInfo | URL, init?: RequestInit) => {
      asked.push([url, JSON.parse(String(init?.body))])
      return new Response('{}')
    })
    const client = createClient({ fetch })
    const consent = new Consent(() => client, true, byShare('Ab3dEf6h1J', async () => 'f00'), '')
    const heard: boolean[] = []
    consent.answered.on((yes) => heard.push(yes))
    expect([consent.given, await consent.ask()]).toEqual([false, false])
    await consent.answer(true)
    await consent.answer(true)
    expect(asked).toEqual([
      ['/api/v1/me/consent', { accepted: true }],
      ['/api/v1/beacon', { token: 'Ab3dEf6h1J', opening: 'f00' }],
      ['/api/v1/me/consent', { accepted: true }],
    ])
    expect([consent.given, consent.accepted, heard]).toEqual([true, true, [true, true]])
  })

  it('a page that no share led to says how it was reached', async () => {
    const asked: unknown[] = []
    const client = createClient({ fetch: async (url, init) => { asked.push([url, JSON.parse(String(init?.body))]); return new Response('{}') } })
    const consent = new Consent(() => client, true, byPage('tea', '?utm_medium=cpc', ''), '')
    await consent.answer(false)
    await consent.answer(true)
    expect(asked.slice(2)).toEqual([['/api/v1/rooms/tea/landed', { query: '?utm_medium=cpc', referrer: '' }]])
  })

  it('nobody is asked in a shop that does not ask', async () => {
    const consent = new Consent(() => createClient(), false, null, '')
    expect([consent.given, await consent.ask()]).toEqual([true, true])
  })
})
