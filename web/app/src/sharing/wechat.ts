/**
 * Inside WeChat: what its own menu sends. WeChat's script is loaded from WeChat, told our signed
 * configuration, and given the share that is ready; each newly prepared share takes its place.
 * Whether anybody sent it is never told; only a landing is proof. Where any of this fails, the menu
 * sends the page as it is, and the poster goes on working.
 */
import type { Client } from '@sdk/client'
import type { Share, Shares } from '@sdk/share'

export interface JsConfig {
  app_id: string
  timestamp: number
  nonce: string
  signature: string
  apis: string[]
}

interface ShareData {
  title: string
  desc?: string
  link: string
  imgUrl: string
}

export interface WechatScript {
  config(given: Record<string, unknown>): void
  ready(then: () => void): void
  error(then: () => void): void
  updateAppMessageShareData(given: ShareData): void
  updateTimelineShareData(given: ShareData): void
}

export interface WechatPage {
  client: Client
  shares: Shares
  title: string
  /** Where the document was opened and where it is now: the page may have changed its address. */
  opened: string
  here: () => string
  isApple: boolean
  load: () => Promise<WechatScript>
}

/** Apple's WebView is signed for the address it was opened with, all others for the present one;
 * the second of the two is tried when the first is refused. */
export function signedAddresses(page: Pick<WechatPage, 'opened' | 'here' | 'isApple'>): string[] {
  const [opened, here] = [page.opened, page.here()].map((address) => address.replace(/#.*$/, ''))
  return [...new Set(page.isApple ? [opened!, here!] : [here!, opened!])]
}

/** What the two menu entries are given. Pictures have to be whole addresses. */
export function menuData(share: Share, title: string): ShareData & { desc: string } {
  const picture = share.square_url ?? share.card_url
  return { title, desc: share.text, link: share.url, imgUrl: new URL(picture, share.url).href }
}

async function configured(wx: WechatScript, page: WechatPage, address: string): Promise<boolean> {
  const signed = await page.client.get<JsConfig>(`/api/v1/wechat/js-config?url=${encodeURIComponent(address)}`)
  return new Promise((done) => {
    wx.ready(() => done(true))
    wx.error(() => done(false))
    wx.config({
      debug: false, appId: signed.app_id, timestamp: signed.timestamp, nonceStr: signed.nonce,
      signature: signed.signature, jsApiList: signed.apis,
    })
  })
}

/** True once WeChat's menu sends this person's share. */
export async function dressMenu(page: WechatPage): Promise<boolean> {
  // Everything at once: people open the menu within seconds.
  const first = page.shares.prepare()
  first.catch(() => undefined)
  const wx = await page.load()
  for (const address of signedAddresses(page)) {
    if (!(await configured(wx, page, address))) continue
    const dress = (share: Share): void => {
      const data = menuData(share, page.title)
      wx.updateAppMessageShareData(data)
      wx.updateTimelineShareData({ title: data.title, link: data.link, imgUrl: data.imgUrl })
    }
    page.shares.prepared.on(dress)
    dress(await first)
    return true
  }
  return false
}

/** WeChat's script, once it is there as `window.wx`. */
export function loadScript(address: string): Promise<WechatScript> {
  return new Promise((done, fail) => {
    const script = document.createElement('script')
    script.src = address
    script.onload = () => done((window as unknown as { wx: WechatScript }).wx)
    script.onerror = () => fail(new Error('WeChat’s script did not load.'))
    document.head.append(script)
  })
}

/** The address this document was opened with, before any script changed it. */
export function openedAddress(): string {
  return performance.getEntriesByType('navigation')[0]?.name ?? location.href
}
