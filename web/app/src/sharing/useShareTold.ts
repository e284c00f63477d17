/** What the sharer lets the friend know: a note, and that they bought it. Kept with the share. */
import { computed, reactive, ref, watch, type Ref } from 'vue'
import type { YaoheError } from '@sdk/errors'
import type { Room } from '@sdk/room'
import type { Share } from '@sdk/share'
import type { WordKey } from '../ui/words'

/** Paid for and not given back. */
const BOUGHT = new Set(['paid', 'shipped', 'completed'])
export const NOTE_CHARS_MAX = 60

const refusals: Record<string, WordKey> = {
  chat_word: 'share.note_word',
  chat_link: 'share.note_link',
  chat_muted: 'share.note_not_now',
  chat_banned: 'share.note_not_now',
}

export function useShareTold(room: Room, share: Ref<Share | null>) {
  const told = reactive({ note: '', bought: false })
  const refused = ref<WordKey | ''>('')
  const paid = ref<string[]>([])
  let kept = ''

  /** The product on screen is one this person paid for: only then it may be told. */
  const canTellBought = computed(() => {
    const product = share.value?.product
    return Boolean(product && paid.value.includes(product))
  })

  async function load(): Promise<void> {
    const orders = await room.shop.orders().catch(() => [])
    paid.value = orders.filter(({ status }) => BOUGHT.has(status)).flatMap(({ lines }) => lines.map((line) => line.product_id))
  }

  /** Every share is told anew; what was told already is not sent again. */
  async function tell(): Promise<void> {
    const ready = share.value
    const bought = told.bought && canTellBought.value
    const wish = `${ready?.token} ${bought} ${told.note}`
    if (!ready || wish === kept || (!told.note && !bought && !kept.startsWith(ready.token))) return
    kept = wish
    refused.value = ''
    try {
      await room.shares.tell(ready, { note: told.note, bought })
    } catch (error) {
      kept = ''
      refused.value = refusals[(error as YaoheError).code] ?? 'share.note_unkept'
    }
  }

  watch(share, tell)
  return { told, refused, canTellBought, load, tell }
}
