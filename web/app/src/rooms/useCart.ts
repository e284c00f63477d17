/**
 * This visitor's cart as the room shows it. How many lines it has is remembered here, so that the
 * button stands in its place at once. Who logged in, or whose browser forgot, may have a cart all the
 * same: whoever may be remembered is asked about once in a tab.
 */
import { computed, reactive } from 'vue'
import type { CartLine } from '@sdk/cart'
import type { YaoheError } from '@sdk/errors'
import type { Room } from '@sdk/room'
import { keyOf, nextPicks } from '../shop/cartLines'
import { QUANTITY_MAX } from '../shop/quantity'
import { kept, keptInTab } from '../ui/kept'
import type { WordKey } from '../ui/words'

const HELD = 'yh.cart'
const LOOKED = 'yh.cart-looked'

export function useCart(room: Room) {
  const state = reactive({
    /** null until it was read. */
    lines: null as CartLine[] | null,
    count: Number(kept.get(HELD)) || 0,
    /** What is to be bought now; one order, so one way of delivery. */
    picks: new Set<string>(),
    /** Taken out while the sheet is open, to be put back with one tap. */
    removed: null as (CartLine & { picked: boolean }) | null,
    /** Live prices that were refused to this buyer. */
    declined: new Set<string>(),
    /** The coupon the buyer chose; undefined: the best one, '': none. */
    coupon: undefined as string | undefined,
    busy: false,
    problem: null as WordKey | null,
    code: '',
  })
  let asked = 0
  const picked = computed(() => (state.lines ?? []).filter((line) => state.picks.has(keyOf(line))))

  function take(lines: CartLine[]): void {
    state.picks = nextPicks(lines, state.picks, state.lines && new Set(state.lines.map(keyOf)))
    state.lines = lines
    state.count = lines.length
    if (lines.length) kept.set(HELD, String(lines.length))
    else kept.drop(HELD)
  }

  /** Only the answer to the last question counts: a number that was pressed twice never jumps back. */
  async function ask(work: () => Promise<CartLine[]>): Promise<boolean> {
    const mine = ++asked
    state.busy = true
    state.problem = null
    state.code = ''
    try {
      const lines = await work()
      if (mine === asked) take(lines)
      return true
    } catch (error) {
      if (mine !== asked) return false
      const said = known[(error as YaoheError).code]
      state.problem = said ?? 'error.other'
      state.code = said ? '' : ((error as YaoheError).code ?? '')
      return false
    } finally {
      if (mine === asked) state.busy = false
    }
  }

  const load = (): Promise<boolean> => ask(() => room.cart.lines())

  /** One more of it. */
  async function add(productId: string, variantId: string): Promise<boolean> {
    if (!state.lines && !(await load())) return false
    const there = state.lines?.find((line) => line.product_id === productId && line.variant_id === variantId)
    return ask(() => room.cart.put(productId, variantId, Math.min(QUANTITY_MAX, (there?.quantity ?? 0) + 1)))
  }

  async function set(line: CartLine, quantity: number): Promise<void> {
    if (quantity === line.quantity) return
    line.quantity = quantity
    const mine = asked + 1
    const done = await ask(() => room.cart.put(line.product_id, line.variant_id, quantity))
    if (!done && mine === asked) await readAgain()
  }

  async function remove(line: CartLine): Promise<void> {
    const was = { ...line, picked: state.picks.has(keyOf(line)) }
    if (await ask(() => room.cart.remove(line.product_id, line.variant_id))) state.removed = was
  }

  async function undo(): Promise<void> {
    const line = state.removed
    if (!line || !(await ask(() => room.cart.put(line.product_id, line.variant_id, line.quantity)))) return
    state.removed = null
    if (!line.picked) state.picks.delete(keyOf(line))
  }

  /** What stands there is what the server has, and why the change was not made stays said. */
  async function readAgain(): Promise<void> {
    const mine = asked
    const lines = await room.cart.lines().catch(() => null)
    if (lines && mine === asked) take(lines)
  }

  /** Into the order, or out of it. Another way of delivery is another order. */
  function pick(lines: CartLine[], on: boolean): void {
    const of = lines[0]?.delivery
    const before = picked.value.filter((line) => line.delivery === of)
    const chosen = on ? [...before, ...lines] : before.filter((line) => !lines.includes(line))
    state.picks = new Set(chosen.map(keyOf))
    state.coupon = undefined
  }

  /** At the opening of the room. */
  async function begin(): Promise<void> {
    const known = !room.consent.given || keptInTab.get(LOOKED)
    if ((state.count || !known) && (await load())) keptInTab.set(LOOKED, '1')
  }

  /** Who comes back from a login has the cart of their account. */
  const atLogin = (): void => keptInTab.drop(LOOKED)

  room.personal.on((event) => event.type === 'order_paid' && void begin())

  return { state, picked, load, begin, atLogin, add, set, remove, undo, pick }
}

const known: Record<string, WordKey> = {
  offline: 'error.offline',
  timeout: 'error.timeout',
  try_again: 'error.busy',
  busy: 'error.busy',
  cart_full: 'cart.full',
  product_hidden: 'cart.off_sale',
  product_not_found: 'cart.off_sale',
  variant_not_found: 'buy.variant_gone',
  variant_missing: 'buy.choose',
  consent_needed: 'consent.needed',
  in_a_frame: 'embed.in_shop',
}

export type RoomCart = ReturnType<typeof useCart>
