/**
 * What the picked lines of the cart cost together, as the server would charge it now. The page adds
 * nothing up itself, so what is shown here and what is asked at the cashier cannot differ.
 */
import { computed, ref, shallowRef, watch } from 'vue'
import type { YaoheError } from '@sdk/errors'
import type { Quote } from '@sdk/shop'
import { useLiveRoom } from '../rooms/useLiveRoom'
import { livePriceOf } from './cartLines'

export function useQuote() {
  const { room, cart } = useLiveRoom()
  const quote = shallowRef<Quote | null>(null)
  /** The code of what went wrong; empty: nothing. */
  const problem = ref('')
  let asked = 0

  const wanted = computed(() =>
    cart.picked.value.map((line) => ({
      product_id: line.product_id,
      variant_id: line.variant_id || null,
      quantity: line.quantity,
      live_price_id: livePriceOf(line, room.now(), cart.state.declined),
    })),
  )

  /** With the coupon the buyer chose, else with the best one, unless it costs more than it saves. */
  const sum = computed(() => {
    const { coupon } = cart.state
    if (!quote.value) return null
    const { plain, offers } = quote.value
    if (coupon !== undefined) return offers.find((offer) => offer.coupon_id === coupon) ?? plain
    return offers[0] && offers[0].payable_minor <= plain.payable_minor ? offers[0] : plain
  })

  async function ask(): Promise<void> {
    const mine = ++asked
    problem.value = ''
    if (!wanted.value.length) {
      quote.value = null
      return
    }
    const lines = wanted.value
    try {
      const answer = await room.shop.quote({ room_id: room.id, lines })
      if (mine !== asked) return
      quote.value = answer
      let changed = false
      answer.lines.forEach(({ refusal }, at) => {
        const live = lines[at]?.live_price_id
        if (refusal?.startsWith('live_price') && live) cart.state.declined.add(live)
        else if (refusal) changed = true
      })
      if (changed) await cart.load()
    } catch (error) {
      if (mine === asked) problem.value = (error as YaoheError).code ?? 'other'
    }
  }
  watch(() => JSON.stringify(wanted.value), ask, { immediate: true })

  return { quote, sum, wanted, problem, ask }
}
