import { describe, expect, it, vi } from 'vitest'
import type { Client } from '@sdk/client'
import { Shares, type Share } from '@sdk/share'
import { dressMenu, menuData, signedAddresses, type WechatPage, type WechatScript } from '../src/sharing/wechat'

const share: Share = {
  token: 't1', url: 'https://shop.example/s/t1', card_url: '/s/t1/card.jpg', square_url: '/s/t1/square.jpg',
  poster_url: '/s/t1/poster.jpg', text: '龙井 ¥99',
}

/** WeChat's script that refuses some configurations and notes what it was given. */
function script(refuses: (url: string) => boolean) {
  let ready = (): void => undefined
  let failed = (): void => undefined
  const friend: unknown[] = []
  const moments: unknown[] = []
  const configs: Record<string, unknown>[] = []
  const wx: WechatScript = {
    config: (given) => {
      configs.push(given)
      queueMicrotask(() => (refuses(String(given['signature'])) ? failed() : ready()))
    },
    ready: (then) => (ready = then),
    error: (then) => (failed = then),
    updateAppMessageShareData: (given) => friend.push(given),
    updateTimelineShareData: (given) => moments.push(given),
  }
  return { wx, friend, moments, configs }
}

function page(wx: WechatScript, more: Partial<WechatPage> = {}) {
  let made = 0
  const asked: string[] = []
  const client = {
    post: vi.fn(async () => ({ ...share, token: `t${++made}`, url: `https://shop.example/s/t${made}` })),
    get: vi.fn(async (path: string) => {
      const url = new URL(path, 'https://shop.example').searchParams.get('url')!
      asked.push(url)
      return { app_id: 'wx1', timestamp: 1, nonce: 'n', signature: url, apis: ['updateAppMessageShareData'] }
    }),
  } as unknown as Client
  const given: WechatPage = {
    client, shares: new Shares(client, 'tea', null, () => null), title: '春茶开采', isApple: false,
    opened: 'https://shop.example/r/tea?from=timeline#x', here: () => 'https://shop.example/s/t9#y', load: async () => wx, ...more,
  }
  return { given, asked }
}

describe('WeChat’s menu', () => {
  it('is signed for where the page is, on Apple for where it was opened, never with the fragment', () => {
    const { given } = page(script(() => false).wx)
    expect(signedAddresses(given)).toEqual(['https://shop.example/s/t9', 'https://shop.example/r/tea?from=timeline'])
    expect(signedAddresses({ ...given, isApple: true })[0]).toBe('https://shop.example/r/tea?from=timeline')
    expect(signedAddresses({ ...given, here: () => given.opened })).toHaveLength(1)
  })

  it('is given whole addresses', () => {
    expect(menuData(share, '春茶')).toEqual({
      title: '春茶', desc: '龙井 ¥99', link: share.url, imgUrl: 'https://shop.example/s/t1/square.jpg',
    })
    expect(menuData({ ...share, square_url: null }, '').imgUrl).toBe('https://shop.example/s/t1/card.jpg')
  })

  it('sends the share that is ready, and the next one after that was used', async () => {
    const { wx, friend, moments, configs } = script(() => false)
    const { given } = page(wx)
    expect(await dressMenu(given)).toBe(true)
    expect(configs[0]).toMatchObject({ debug: false, appId: 'wx1', timestamp: 1, nonceStr: 'n', jsApiList: ['updateAppMessageShareData'] })
    expect(friend).toEqual([expect.objectContaining({ link: 'https://shop.example/s/t1', desc: '龙井 ¥99' })])
    expect(moments).toEqual([expect.objectContaining({ link: 'https://shop.example/s/t1' })])
    given.shares.use(await given.shares.prepare(), 'copy_link')
    await given.shares.prepare()
    // t2 was the answer to "intend".
    expect(friend.at(-1)).toMatchObject({ link: 'https://shop.example/s/t3' })
  })

  it('is tried with the other address when the first is refused, and left alone when both are', async () => {
    const first = script((url) => url.includes('/s/t9'))
    const tried = page(first.wx)
    expect(await dressMenu(tried.given)).toBe(true)
    expect(tried.asked).toEqual(['https://shop.example/s/t9', 'https://shop.example/r/tea?from=timeline'])
    const never = script(() => true)
    expect(await dressMenu(page(never.wx).given)).toBe(false)
    expect(never.friend).toEqual([])
  })
})
