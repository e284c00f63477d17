/**
 * What this visitor waits for. Who is told while the room is open sees it at once; what came back
 * while they were away is said when they come again. Nobody who never asked is asked about.
 */
import { reactive } from 'vue'
import type { Product } from '@sdk/events'
import type { Room } from '@sdk/room'
import { kept } from '../ui/kept'
import type { Lang, Words } from '../ui/words'
import type { Notices } from './useNotices'
import type { Sheets } from './useSheets'

const ASKED = 'yh.waits'

interface Needs {
  room: Room
  sheets: Sheets
  notices: Notices
  say: Words
  lang: Lang
  live: { products: Product[]; picks: Record<string, string | undefined> }
}

interface Back {
  product_id: string
  variant_id: string
  room_id?: string | null
  title: string
  title_en: string
}

export function useWaits({ room, sheets, notices, say, lang, live }: Needs) {
  const state = reactive({ asked: new Set<string>(), busy: false })
  const key = (productId: string, variantId: string): string => `${productId} ${variantId}`

  async function change(work: () => Promise<void>): Promise<void> {
    if (state.busy) return
    state.busy = true
    try {
      await work()
    } catch (error) {
      notices.problem(error, say)
    } finally {
      state.busy = false
    }
  }

  const ask = (productId: string, variantId: string): Promise<void> =>
    change(async () => {
      await room.waits.ask(productId, variantId, room.id)
      kept.set(ASKED, '1')
      state.asked.add(key(productId, variantId))
    })

  const leave = (productId: string, variantId: string): Promise<void> =>
    change(async () => {
      await room.waits.leave(productId, variantId)
      state.asked.delete(key(productId, variantId))
    })

  const waits = (productId: string, variantId: string): boolean => state.asked.has(key(productId, variantId))

  /** One tap from the news to the product: here, or in the room where it was asked. */
  function opens(back: Back): (() => void) | undefined {
    if (live.products.some((one) => one.id === back.product_id)) {
      return () => {
        if (back.variant_id) live.picks[back.product_id] = back.variant_id
        sheets.show('product', back.product_id)
      }
    }
    return back.room_id && back.room_id !== room.id ? () => location.assign(`/r/${back.room_id}`) : undefined
  }

  function told(back: Back): void {
    state.asked.delete(key(back.product_id, back.variant_id))
    const title = lang === 'zh-CN' ? back.title : back.title_en || back.title
    const open = opens(back)
    notices.show({ kind: 'back', title: say('wait.back', { title }), text: open && say('wait.back_text'), open })
    void room.waits.seen(back.product_id).catch(() => undefined)
  }

  async function load(): Promise<void> {
    if (!kept.get(ASKED)) return
    const mine = await room.waits.mine().catch(() => null)
    if (!mine) return
    if (!mine.length) kept.drop(ASKED)
    for (const wait of mine) {
      if (wait.told_at === null) state.asked.add(key(wait.product_id, wait.variant_id))
      else if (wait.stock > 0) told(wait)
    }
  }

  return { state, ask, leave, waits, told, load }
}

export type Waits = ReturnType<typeof useWaits>
