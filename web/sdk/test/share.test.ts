import { describe, expect, it, vi } from 'vitest'
import type { Client } from '../src/client'
import { missingForCoupon, offGoods } from '../src/plays'
import { socketUrl } from '../src/route'
import { pictureUrl, shareText, Shares, systemShareData, type Share } from '../src/share'

const share: Share = {
  token: 't1', url: 'https://shop.example/s/t1', card_url: '/c.jpg', poster_url: '/p.jpg', text: '龙井 ¥99',
}

describe('what a share says', () => {
  it('prints the link once', () => {
    expect(shareText(share)).toBe('龙井 ¥99\nhttps://shop.example/s/t1')
    expect(shareText({ text: '', url: share.url })).toBe(share.url)
  })

  it('gives Apple the file alone and everybody else file and words', () => {
    const file = new File(['x'], 'c.jpg', { type: 'image/jpeg' })
    expect(systemShareData(share, file, { canShareFiles: true, isApple: true })).toEqual({ files: [file] })
    expect(systemShareData(share, file, { canShareFiles: true, isApple: false })).toEqual({ files: [file], text: shareText(share) })
    expect(systemShareData(share, file, { canShareFiles: false, isApple: false })).toEqual({ text: shareText(share) })
    expect(systemShareData(share, null, { canShareFiles: true, isApple: true })).toEqual({ text: shareText(share) })
  })

  it('knows which picture is which', () => {
    const mine = { card_url: 'https://shop.example/s/t1/card.jpg' }
    expect(pictureUrl(mine, 'card')).toBe('https://shop.example/s/t1/card.jpg')
    expect(pictureUrl(mine, 'square', 'douyin')).toBe('https://shop.example/s/t1/square.jpg?for=douyin')
  })
})

describe('Shares', () => {
  it('prepares one share, marks it intended when used, then prepares another', async () => {
    const posts: [string, unknown][] = []
    const post = vi.fn(async (path: string, body: unknown) => {
      posts.push([path, body])
      return { ...share, token: `t${posts.length}` }
    })
    const shares = new Shares({ post } as unknown as Client, 'tea', 'parent1', () => 1234)
    const first = await shares.prepare()
    expect(await shares.prepare()).toBe(first)
    expect(posts).toEqual([['/api/v1/rooms/tea/shares', { channel: 'copy_link', content: 'card', prepared: true, intents: false, parent: 'parent1', moment_ms: 1234 }]])
    shares.use(first, 'weibo')
    expect(posts[1]).toEqual(['/api/v1/shares/t1/intend', { channel: 'weibo' }])
    expect((await shares.prepare()).token).not.toBe(first.token)
  })

  it('remembers what was on screen', async () => {
    const post = vi.fn().mockResolvedValue(share)
    const at = Date.UTC(2026, 10, 24, 12, 0, 5)
    const shares = new Shares({ post } as unknown as Client, 'tea', null, () => null, () => ({ at, product: 'prd_1' }))
    await shares.prepare()
    expect(post.mock.calls[0]![1]).toMatchObject({ moment_at: '2026-11-24T12:00:05.000Z', product: 'prd_1' })
  })

  it('asks once where a share can go, and again after a failure', async () => {
    const get = vi.fn().mockRejectedValueOnce(new Error('offline')).mockResolvedValue({ items: [{ id: 'x' }] })
    const shares = new Shares({ get } as unknown as Client, 'tea', null, () => null)
    await expect(shares.channels('en')).rejects.toThrow('offline')
    expect(await shares.channels('en')).toEqual([{ id: 'x' }])
    await shares.channels('en')
    expect(get).toHaveBeenCalledTimes(2)
  })

  it('asks again after a failure', async () => {
    const post = vi.fn().mockRejectedValueOnce(new Error('offline')).mockResolvedValueOnce(share)
    const shares = new Shares({ post } as unknown as Client, 'tea', null, () => null)
    await expect(shares.prepare()).rejects.toThrow('offline')
    expect(await shares.prepare()).toBe(share)
  })
})

describe('coupons', () => {
  const coupons = [
    { amount_minor: 500, threshold_minor: 0 },
    { amount_minor: 2000, threshold_minor: 10_000 },
    { amount_minor: 1000, threshold_minor: 5000 },
  ]

  it('takes off goods what its kind says, from its threshold on', () => {
    const amount = { kind: 'amount' as const, percent: null, amount_minor: 1000, threshold_minor: 900 }
    expect([899, 900, 9900].map((goods) => offGoods(amount, goods))).toEqual([0, 900, 1000])
    const percent = { kind: 'percent' as const, percent: 15, amount_minor: 1000, threshold_minor: 0 }
    expect([7, 99, 6666, 9900].map((goods) => offGoods(percent, goods))).toEqual([1, 14, 999, 1000])
    expect(offGoods({ ...amount, kind: 'shipping' }, 9900)).toBe(0)
  })

  it('says what is missing for the next', () => {
    expect(missingForCoupon(coupons, 9900, 'tea')).toBe(100)
    expect(missingForCoupon(coupons, 20_000, 'tea')).toBeNull()
  })

  it('promises nothing of coupons that are for other products', () => {
    const tea = [{ threshold_minor: 10_000, product_ids: ['tea'] }]
    expect(missingForCoupon(tea, 6000, 'tea')).toBe(4000)
    expect(missingForCoupon(tea, 6000, 'cup')).toBeNull()
  })
})

it('finds the socket on the page’s own origin', () => {
  expect(socketUrl('/rt', { protocol: 'https:', host: 'a.b' })).toBe('wss://a.b/rt')
  expect(socketUrl('/rt', { protocol: 'http:', host: 'a.b:1' })).toBe('ws://a.b:1/rt')
  expect(socketUrl('wss://x/rt', { protocol: 'http:', host: 'a' })).toBe('wss://x/rt')
  expect(socketUrl('https://x/rt', { protocol: 'http:', host: 'a' })).toBe('wss://x/rt')
})
