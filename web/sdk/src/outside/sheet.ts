/**
 * The share sheet. Its share is made before it opens, so a tap inside it sends at once. Fires
 * `yaohe-shared` on its element with the channel that was chosen.
 */
import { STYLE } from './sheet-style'
import type { OutsideRoom, Share } from './room'

export interface Opened {
  host: HTMLElement
  room: OutsideRoom
  share: Share
  lang: 'zh-CN' | 'en'
}

export interface SheetModule {
  open(wish: Opened): void
}

const WORDS = {
  'zh-CN': { title: '吆喝一声', close: '关闭', text: '想说的话', copy: '复制链接', copied: '复制好了，去粘贴吧', system: '更多方式', by_hand: '按住链接复制', wechat: '点右上角 ···，发给朋友' },
  en: { title: 'Give a shout', close: 'Close', text: 'Your words', copy: 'Copy link', copied: 'Copied. Paste it anywhere', system: 'More ways', by_hand: 'Hold the link to copy it', wechat: 'Tap ··· at the top right, then send' },
} as const

/** Names as people know them; a channel without a window of its own is not offered here. */
const NAMES: Record<string, readonly [string, string]> = {
  weibo: ['微博', 'Weibo'], qq: ['QQ', 'QQ'], qzone: ['QQ 空间', 'Qzone'], whatsapp: ['WhatsApp', 'WhatsApp'],
  telegram: ['Telegram', 'Telegram'], line: ['LINE', 'LINE'], x: ['X', 'X'], facebook: ['Facebook', 'Facebook'],
  reddit: ['Reddit', 'Reddit'], linkedin: ['领英', 'LinkedIn'], email: ['邮件', 'E-mail'], sms: ['短信', 'SMS'],
}
const FIRST = { 'zh-CN': ['weibo', 'qq', 'qzone'], en: ['whatsapp', 'telegram', 'x', 'facebook'] }

type Named = { id: string; name: string; address: string }

export function offered(share: Share, lang: Opened['lang']): Named[] {
  const order = [...FIRST[lang], ...Object.keys(NAMES)]
  return [...new Set(order)].flatMap((id) => {
    const address = share.intents[id]
    const name = NAMES[id]?.[lang === 'en' ? 1 : 0]
    return address && name ? [{ id, name, address }] : []
  }).slice(0, 7)
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag, name: string, text = '',
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  if (name) made.className = name
  if (text) made.textContent = text
  return made
}

class Sheet {
  readonly #wish: Opened
  readonly #dialog = element('dialog', 'sheet')
  readonly #said = element('p', 'said')
  readonly #text = element('textarea', 'text')
  readonly #outer = element('div', '')

  constructor(wish: Opened) {
    this.#wish = wish
    const words = WORDS[wish.lang]
    const root = this.#outer.attachShadow({ mode: 'open' })
    const head = element('header', 'head')
    const close = element('button', 'close', '×')
    close.setAttribute('aria-label', words.close)
    close.onclick = () => this.#dialog.close()
    head.append(element('h2', '', words.title), close)
    this.#dialog.lang = wish.lang
    this.#dialog.setAttribute('aria-label', words.title)
    this.#said.setAttribute('role', 'status')
    this.#dialog.append(head, this.#preview(), this.#ways(), this.#said)
    if (/MicroMessenger/i.test(navigator.userAgent)) this.#said.textContent = words.wechat
    this.#dialog.addEventListener('close', () => this.#outer.remove())
    this.#dialog.addEventListener('click', (tap) => {
      if (tap.target === this.#dialog) this.#dialog.close()
    })
    root.append(element('style', '', STYLE), this.#dialog)
  }

  show(): void {
    document.body.append(this.#outer)
    this.#dialog.showModal()
  }

  #preview(): HTMLElement {
    const { share, lang } = this.#wish
    const box = element('div', 'preview')
    if (share.cover_url) {
      const cover = element('img', 'cover')
      cover.src = share.cover_url
      cover.alt = ''
      box.append(cover)
    }
    this.#text.value = share.text
    this.#text.maxLength = 140
    this.#text.rows = 2
    this.#text.setAttribute('aria-label', WORDS[lang].text)
    const words = element('div', 'words')
    words.append(this.#text, element('span', 'url', share.url))
    box.append(words)
    return box
  }

  #ways(): HTMLElement {
    const { share, lang } = this.#wish
    const words = WORDS[lang]
    const list = element('div', 'ways')
    const copy = element('button', 'way is-main', words.copy)
    copy.autofocus = true // the first thing one may want, not the way out
    copy.onclick = () => void this.#copy()
    list.append(copy)
    if (typeof navigator.share === 'function') {
      const system = element('button', 'way', words.system)
      system.onclick = () => void this.#system()
      list.append(system)
    }
    for (const { id, name, address } of offered(share, lang)) {
      const way = element('a', 'way', name)
      way.target = '_blank'
      way.rel = 'noopener'
      way.href = address
      way.dataset.channel = id
      way.onclick = () => {
        way.href = this.#spoken(address)
        this.#gone(id)
      }
      list.append(way)
    }
    return list
  }

  /** The window's address with the words as they are now. */
  #spoken(address: string): string {
    const now = encodeURIComponent(this.#text.value.trim())
    return address.split(encodeURIComponent(this.#wish.share.text)).join(now)
  }

  #message(): string {
    const text = this.#text.value.trim()
    return text ? `${text}\n${this.#wish.share.url}` : this.#wish.share.url
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#message())
      this.#said.textContent = WORDS[this.#wish.lang].copied
      this.#gone('copy_link')
    } catch {
      this.#said.textContent = WORDS[this.#wish.lang].by_hand
    }
  }

  async #system(): Promise<void> {
    try {
      await navigator.share({ text: this.#message() })
      this.#gone('system')
    } catch {
      // taken back, or the system has no sheet after all: the other ways are still here
    }
  }

  #gone(channel: string): void {
    this.#wish.room.use(this.#wish.share, channel)
    const detail = { channel, token: this.#wish.share.token }
    this.#wish.host.dispatchEvent(new CustomEvent('yaohe-shared', { detail, bubbles: true, composed: true }))
  }
}

export function open(wish: Opened): void {
  new Sheet(wish).show()
}
