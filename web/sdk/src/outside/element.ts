/**
 * `<yaohe-share room="…">`: a button that opens the share sheet. The sheet is a file of its own and
 * is loaded, with its integrity checked, when somebody is about to press.
 */
import type { Yaohe } from './client'
import type { SheetModule } from './sheet'

declare const __SHEET_INTEGRITY__: string
declare global {
  var __yaoheSheet: SheetModule | undefined
}

const STYLE = `
:host{display:inline-block}
button{all:unset;box-sizing:border-box;display:inline-flex;align-items:center;justify-content:center;min-width:44px;min-height:44px;
padding:0 20px;border-radius:999px;background:#FFC940;color:#14110F;font:600 16px/24px -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,
"PingFang SC","HarmonyOS Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;cursor:pointer}
button:active{background:#FFBC1F}
button:focus-visible{outline:2px solid #1F5FA8;outline-offset:2px}
`
let loading: Promise<SheetModule> | null = null
let client: Yaohe | null = null

function loadSheet(baseUrl: string): Promise<SheetModule> {
  loading ??= new Promise<SheetModule>((done, fail) => {
    const script = document.createElement('script')
    script.src = `${baseUrl}/assets/sdk/yaohe.sheet.js`
    script.integrity = __SHEET_INTEGRITY__
    script.crossOrigin = 'anonymous'
    script.onload = () => (globalThis.__yaoheSheet ? done(globalThis.__yaoheSheet) : fail(new Error('no sheet')))
    script.onerror = () => fail(new Error('The share sheet could not be loaded.'))
    document.head.append(script)
  })
  loading.catch(() => (loading = null))
  return loading
}

/** Define the element for this page; the client made last is the one it speaks through. */
export function defineElement(given: Yaohe): void {
  client = given
  if (typeof customElements === 'undefined' || customElements.get('yaohe-share')) return

  class YaoheShare extends HTMLElement {
    connectedCallback(): void {
      if (this.shadowRoot) return
      const root = this.attachShadow({ mode: 'open' })
      const style = document.createElement('style')
      style.textContent = STYLE
      const button = document.createElement('button')
      button.type = 'button'
      button.setAttribute('part', 'button')
      const label = document.createElement('slot')
      label.textContent = client?.lang === 'en' ? 'Share' : '分享'
      button.append(label)
      root.append(style, button)
      const early = (): void => void loadSheet(client?.baseUrl ?? '').catch(() => undefined)
      button.addEventListener('pointerenter', early, { once: true })
      button.addEventListener('focus', early, { once: true })
      button.addEventListener('click', () => void this.open())
    }

    /** Open the sheet; a page may call this from a button of its own. */
    async open(): Promise<void> {
      const ref = this.getAttribute('room')
      if (!client || !ref) throw new TypeError('<yaohe-share> needs a room and a client.')
      const room = client.room(ref)
      try {
        const [sheet, share] = await Promise.all([loadSheet(client.baseUrl), room.prepare()])
        sheet.open({ host: this, room, share, lang: client.lang })
      } catch (error) {
        this.dispatchEvent(new CustomEvent('yaohe-error', { detail: error, bubbles: true, composed: true }))
      }
    }
  }
  customElements.define('yaohe-share', YaoheShare)
}
