/**
 * What the shop wrote about this visitor's orders and they have not seen, and what it answered to
 * what they asked for after paying. Nobody who never had an
 * order here is asked about.
 */
import { reactive } from 'vue'
import type { AftersaleStatus } from '@sdk/aftersales'
import type { PersonalEvent } from '@sdk/events'
import type { Room } from '@sdk/room'
import { kept } from '../ui/kept'
import type { Words } from '../ui/words'
import type { Notices } from './useNotices'
import type { Sheets } from './useSheets'

const ORDERED = 'yh.ordered'
/** Where a request comes by a step of the shop. */
const BY_SHOP = new Set<AftersaleStatus>(['agreed', 'refunding', 'refunded', 'declined'])

interface Needs {
  room: Room
  sheets: Sheets
  notices: Notices
  say: Words
}

export function useMessages({ room, sheets, notices, say }: Needs) {
  const state = reactive({
    unread: new Map<string, number>(),
    /** Counts up when something was written in the thread that is open. */
    news: 0,
    /** Counts up when a request of theirs moved. */
    moved: 0,
  })

  async function look(): Promise<void> {
    state.unread = await room.messages.unread().catch(() => state.unread)
  }

  function answered(orderId: string): void {
    notices.show({ kind: 'message', title: say('msg.answered'), text: say('msg.answered_text'), open: () => sheets.show('messages', orderId) })
  }

  async function load(): Promise<void> {
    if (!kept.get(ORDERED)) return
    await look()
    const [first] = state.unread.keys()
    if (first) answered(first)
  }

  /** The server says that a request moved, or that somebody wrote: we ourselves, perhaps in another window, or the shop. */
  function told(event: Extract<PersonalEvent, { type: 'message' | 'aftersale' }>): void {
    if (event.type === 'aftersale') return moved(event)
    const open = sheets.shown.value && sheets.open.value?.name === 'messages' && sheets.open.value.id === event.order_id
    if (open) state.news += 1
    else if (!event.mine) {
      void look()
      answered(event.order_id)
    }
  }

  function moved({ order_id, status }: { order_id: string; status: AftersaleStatus }): void {
    state.moved += 1
    const looking = sheets.shown.value && (sheets.open.value?.name === 'order' || sheets.open.value?.id === order_id)
    if (looking || !BY_SHOP.has(status)) return
    notices.show({ kind: 'message', title: say('after.moved'), text: say(`after.s_${status}`), open: () => sheets.show('aftersale', order_id) })
  }

  /** This browser has an order: from now on its messages are looked for. */
  const expect = (): void => kept.set(ORDERED, '1')
  const seen = (orderId: string): boolean => state.unread.delete(orderId)

  return { state, load, told, expect, seen }
}

export type OrderMessages = ReturnType<typeof useMessages>
