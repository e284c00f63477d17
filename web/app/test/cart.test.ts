/** The cart as the room keeps it: who is asked about, and which answer counts. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { CartLine } from '@sdk/cart'
import type { Room } from '@sdk/room'
import { useCart } from '../src/rooms/useCart'
import { keyOf } from '../src/shop/cartLines'
import { quantityIn } from '../src/shop/quantity'

const tea = (product_id: string, quantity = 1) => ({ product_id, variant_id: '', quantity, delivery: 'ship', state: 'here', order_id: null }) as CartLine

/** A server that answers when it is told to. */
function shop(lines: CartLine[], given = true) {
  const put = vi.fn<(product: string, variant: string, quantity: number) => Promise<CartLine[]>>()
  const read = vi.fn(async () => lines)
  const remove = vi.fn(async (product: string) => lines.filter((line) => line.product_id !== product))
  const room = { cart: { lines: read, put, remove }, consent: { given }, personal: { on: () => undefined } } as unknown as Room
  return { read, put, room }
}

beforeEach(() => {
  for (const name of ['localStorage', 'sessionStorage']) {
    const held = new Map<string, string>()
    vi.stubGlobal(name, { getItem: (key: string) => held.get(key) ?? null, setItem: (key: string, value: string) => held.set(key, value), removeItem: (key: string) => held.delete(key) })
  }
})
afterEach(() => void vi.unstubAllGlobals())

it('finds the cart of the account on a device that never had one, asking once in a tab and after a login', async () => {
  const { read, room } = shop([])
  await useCart(room).begin()
  const cart = useCart(room)
  await cart.begin()
  expect(read).toHaveBeenCalledTimes(1)
  cart.atLogin()
  const account = shop([tea('a'), tea('b')])
  const found = useCart(account.room)
  await found.begin()
  expect(found.state.count).toBe(2)
})

it('asks nothing about who may not be remembered', async () => {
  const { read, room } = shop([], false)
  await useCart(room).begin()
  expect(read).not.toHaveBeenCalled()
})

it('lets only the newest number count, and says nothing of an older one that was refused', async () => {
  const { read, put, room } = shop([tea('a', 5)])
  const cart = useCart(room)
  await cart.load()
  let refuse: (why: Error) => void = () => undefined
  put.mockReturnValueOnce(new Promise((_, no) => (refuse = no))).mockResolvedValueOnce([tea('a', 3)])
  const line = cart.state.lines![0]!
  const older = cart.set(line, 1)
  const newer = cart.set(line, 3)
  refuse(Object.assign(new Error(), { code: 'bad_input' }))
  await Promise.all([older, newer])
  expect([cart.state.problem, cart.state.code, cart.state.lines![0]!.quantity]).toEqual([null, '', 3])
  expect(read).toHaveBeenCalledTimes(1)
})

it('puts back what was taken out as it was, chosen or not', async () => {
  const [a, b] = [tea('a'), tea('b')]
  const { put, room } = shop([a, b])
  const cart = useCart(room)
  await cart.load()
  const out = cart.state.lines![1]!
  cart.pick([out], false)
  await cart.remove(out)
  put.mockResolvedValueOnce([a, b])
  await cart.undo()
  expect([...cart.state.picks]).toEqual([keyOf(a)])
})

it('takes whole numbers of pieces, and no more than there are', () => {
  expect(['', '0', '00', '-3', '1.5', 'x', ' 2'].map((text) => quantityIn(text, 99))).toEqual(Array(7).fill(null))
  expect(['1', '03', '12', '100'].map((text) => quantityIn(text, 99))).toEqual([1, 3, 12, 99])
  expect(quantityIn('7', 3)).toBe(3)
})
