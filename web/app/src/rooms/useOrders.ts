/**
 * An order from the form to its end. The cashier is another page: what was being bought is noted
 * before leaving, and the room shows the result on return.
 */
import { reactive } from 'vue'
import { YaoheError } from '@sdk/errors'
import { newKey } from '@sdk/keys'
import type { Room } from '@sdk/room'
import { onItsWay, type Address, type Buyer, type DeliveryRule, type Order, type WishLine } from '@sdk/shop'
import { kept, keptInTab } from '../ui/kept'
import type { Sheets } from './useSheets'

const PENDING = 'yh.order'
const BUYER = 'yh.buyer'

/** What is bought, at the sum that was shown for it. */
type Wish = { coupon_id: string | null; expected_minor: number; from_cart?: boolean } & (WishLine | { lines: WishLine[] })

interface Needs {
  room: Room
  sheets: Sheets
}

export function useOrders({ room, sheets }: Needs) {
  const state = reactive({
    placing: false,
    /** The order that the result sheet shows; null while it is being read. */
    shown: null as Order | null,
    problem: '',
    /** What shipping costs; null until it was asked for. */
    rule: null as DeliveryRule | null,
    /** The buyer's own addresses, the one to offer first. */
    book: [] as Address[],
  })
  let key = newKey()
  // Who comes back from the cashier by "back" finds the page as it was left.
  addEventListener('pageshow', (event) => event.persisted && (state.placing = false))

  function rememberedBuyer(): Buyer {
    try {
      return JSON.parse(kept.get(BUYER) ?? '') as Buyer
    } catch {
      return { name: '', phone: '', address: '' }
    }
  }

  /** The sheet that shows a sum needs them; a new sheet asks again. */
  async function loadTerms(): Promise<void> {
    ;[state.rule, state.book] = await Promise.all([room.shop.delivery(), room.shop.addresses()])
  }

  /** Kept for the next time; an order does not wait for it. */
  function keepAddress(buyer: Buyer): void {
    room.shop.keepAddress(buyer).then((book) => (state.book = book), () => undefined)
  }

  async function prefer(address: Address): Promise<void> {
    state.book = await room.shop.keepAddress(address, true)
  }

  async function dropAddress(id: string): Promise<void> {
    state.book = await room.shop.dropAddress(id)
  }

  /** Places the order and goes to the cashier; throws what the server refused. */
  async function place(wish: Wish, buyer: Buyer | null, note: string): Promise<void> {
    state.placing = true
    try {
      if (buyer) kept.set(BUYER, JSON.stringify({ ...buyer, address: buyer.address || rememberedBuyer().address }))
      const request = { ...wish, room_id: room.id, buyer, note, return_path: location.pathname }
      if (buyer?.address) keepAddress(buyer)
      const { order, cashier_url } = await room.shop.place(request, key)
      key = newKey()
      keptInTab.set(PENDING, order.id)
      if (cashier_url) return location.assign(cashier_url) // until the next page is there
      state.placing = false
      await show(order.id)
    } catch (error) {
      state.placing = false
      // The line broke: the same key asks for the same order. Anything decided needs a new one.
      if ((error as YaoheError).status) key = newKey()
      throw error
    }
  }

  async function payAgain(id: string): Promise<void> {
    const { cashier_url } = await room.shop.payAgain(id, location.pathname)
    keptInTab.set(PENDING, id)
    if (cashier_url) location.assign(cashier_url)
    else await show(id)
  }

  async function show(id: string): Promise<void> {
    state.shown = null
    state.problem = ''
    sheets.show('order', id)
    try {
      state.shown = await room.shop.order(id)
      if (onItsWay(state.shown)) state.shown = await room.shop.settled(id)
      if (state.shown.status !== 'created') keptInTab.drop(PENDING)
    } catch (error) {
      state.problem = (error as YaoheError).code ?? 'other'
      keptInTab.drop(PENDING)
    }
  }

  /** The parcel is here; what went wrong is told by the sheet. */
  async function received(id: string): Promise<void> {
    try {
      state.shown = await room.shop.received(id)
    } catch (error) {
      state.problem = (error as YaoheError).code ?? 'other'
    }
  }

  /** The server said that it is paid. */
  function refresh(id: string): void {
    // Who reads its messages or what they asked for stays there, and finds it as it is on return.
    const open = sheets.open.value
    if (sheets.shown.value && open?.id === id && open.name !== 'order') return void room.shop.order(id).then((order) => (state.shown = order), () => undefined)
    if (sheets.shown.value && state.shown?.id !== id && sheets.open.value?.name === 'order') return
    void show(id)
  }

  /** Back from the cashier: by the address it returned to, else by what was noted. */
  function resume(): void {
    const here = new URL(location.href)
    const id = here.searchParams.get('order') ?? keptInTab.get(PENDING)
    if (here.searchParams.has('order')) {
      here.searchParams.delete('order')
      history.replaceState(null, '', here)
    }
    if (id) void show(id)
  }

  return { state, rememberedBuyer, loadTerms, prefer, dropAddress, place, payAgain, received, show, refresh, resume }
}

export type Orders = ReturnType<typeof useOrders>
