/**
 * Everything the live desk shows and does for one room.
 *
 * Pinning answers at once and is put right if the server says otherwise; every pin can be undone
 * for five seconds from the status line.
 */
import { computed, ref, shallowRef } from 'vue'
import { api } from '../api'
import { pick, t } from '../lang'
import { isSignedOut, problemText } from '../problems'
import type { StateNews } from '@sdk/goods'
import type { Ingest, Product, Room } from '../types'
import type { Shelf } from '../shop/shelf'
import { useNow } from '../times'
import { useRooms } from '../useRooms'
import { useWhileVisible } from '../useWhileVisible'
import { healthWord, worst } from './health'
import { useEntry } from './useEntry'
import { useDeskChat } from './useDeskChat'
import { useRoomSignals } from './useRoomSignals'

const INGEST_MS = 2000
const UNDO_MS = 5000

export interface DeskWord {
  text: string
  danger?: boolean
  undo?: () => void
}

export function useLiveDesk(roomId: string) {
  const room = shallowRef<Room | null>(null)
  const shelf = shallowRef<Shelf>({ items: [], pinned: null, pinned_at: null })
  const ingest = shallowRef<Ingest | null>(null)
  const viewers = ref(0)
  const word = shallowRef<DeskWord | null>(null)
  const now = useNow()
  const { replace } = useRooms()
  const chat = useDeskChat(roomId)
  const named = (product: Product): string => pick(product.title, product.title_en)

  const pinned = computed(() => shelf.value.items.find(({ id }) => id === shelf.value.pinned) ?? null)
  const upcoming = computed(() => {
    const { items } = shelf.value
    const at = items.findIndex(({ id }) => id === shelf.value.pinned)
    return at < 0 ? items : [...items.slice(at + 1), ...items.slice(0, at)]
  })
  const next = computed(() => upcoming.value.find((product) => product.stock > 0) ?? null)
  const health = computed(() => healthWord(ingest.value, room.value?.status ?? 'upcoming'))
  const finding = computed(() => worst(ingest.value))

  let timer: ReturnType<typeof setTimeout> | undefined
  function saidNow(said: DeskWord): void {
    clearTimeout(timer)
    word.value = said
    timer = setTimeout(() => (word.value = null), UNDO_MS)
  }

  /** Runs a desk action; what goes wrong is one line in the status line, never a dialog. */
  async function act(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (problem) {
      if (isSignedOut(problem)) throw problem
      saidNow({ text: problemText(problem), danger: true })
      return false
    }
  }

  async function setPin(productId: string | null): Promise<void> {
    const before = shelf.value
    shelf.value = { ...before, pinned: productId, pinned_at: productId ? new Date().toISOString() : null }
    try {
      await (productId ? api.pin(roomId, productId) : api.unpin(roomId))
    } catch (problem) {
      shelf.value = before
      throw problem
    }
  }

  function pin(product: Product | null): Promise<boolean> {
    return act(async () => {
      const before = shelf.value.pinned
      await setPin(product?.id ?? null)
      const text = product ? t('desk.pinned', { title: named(product) }) : t('desk.unpinned')
      saidNow({ text, undo: () => void act(() => setPin(before)) })
    })
  }

  async function loadRoom(): Promise<void> {
    room.value = await api.room(roomId)
    viewers.value = room.value.viewers ?? viewers.value
    replace(room.value)
  }

  const loadShelf = async (): Promise<void> => void (shelf.value = await api.shelf(roomId))
  function updateShelf(changed: NonNullable<StateNews['products']>): void {
    const items = shelf.value.items.map((product) => ({ ...product, ...changed[product.id] }))
    shelf.value = { ...shelf.value, items }
  }
  async function repriced(text: string): Promise<void> {
    saidNow({ text })
    await loadShelf()
  }
  const loadIngest = async (): Promise<void> => void (ingest.value = await api.ingest(roomId))

  const end = (): Promise<boolean> =>
    act(async () => {
      await api.endRoom(roomId)
      await Promise.all([loadRoom(), loadIngest()])
    })

  const letIn = (): Promise<boolean> =>
    act(async () => {
      await api.letIn(roomId)
      await loadIngest()
      saidNow({ text: t('desk.let_in') })
    })

  const entry = useEntry(roomId)
  const signals = useRoomSignals(roomId, entry, {
    onLine: chat.add,
    onHide: chat.markHidden,
    onState(state) {
      if (state.viewers !== undefined) viewers.value = state.viewers
      const repinned = state.pinned !== undefined && state.pinned !== shelf.value.pinned
      if (repinned || state.shelf) void loadShelf()
      else if (state.products) updateShelf(state.products)
      if (state.status !== undefined && state.status !== room.value?.status) void loadRoom()
    },
  })

  useWhileVisible(() => entry.then(loadIngest), INGEST_MS)
  const load = (): Promise<unknown> => Promise.all([loadRoom(), loadIngest(), loadShelf(), chat.load()])

  return {
    room, shelf, ingest, viewers, word, now, chat, health, finding, pinned, upcoming, next,
    connected: signals.connected, act, pin, end, letIn, repriced, load, loadRoom, loadIngest,
  }
}

export type LiveDesk = ReturnType<typeof useLiveDesk>
