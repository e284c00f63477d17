/**
 * What the sharer had on screen, for the friend who comes later: where it stands in the recording,
 * the slice around it, and the product that was shown.
 */
import { computed, reactive } from 'vue'
import type { BootData, Product, RoomStatus } from '@sdk/events'
import { covers, Rewind, type Span } from '@sdk/rewind'
import type { Room } from '@sdk/room'

/** Who follows at once sees the same as the sharer. */
const LATER_MS = 15_000
/** One shares what has just been shown. */
const BEFORE_MS = 10_000
const AFTER_MS = 5_000

/** A stretch to play, by the time of day; `until` is when what is live comes back. */
export interface Slice {
  from: number
  until: number
}

interface Shown {
  status: RoomStatus
  products: Product[]
  rewinding: boolean
}

export function useSharedMoment(boot: BootData, room: Room, live: Shown) {
  const share = boot.share && !boot.share.mine ? boot.share : null
  const at = share?.moment_at ? Date.parse(share.moment_at) : null
  const state = reactive({ positionMs: null as number | null, closed: false })
  const product = computed(() => {
    const found = share?.product ? live.products.find((one) => one.id === share.product) : undefined
    return state.closed ? null : (found ?? null)
  })
  let slice: Slice | null = null

  /** Whether there is something to see; without an answer there is no chip, and nothing is missing. */
  async function look(): Promise<void> {
    if (at === null) return
    const place = await new Rewind(room.client, room.id, room.player).place(at).catch(() => null)
    if (place && (live.status !== 'live' || place.ago_ms >= LATER_MS)) state.positionMs = place.position_ms
  }

  function watch(): void {
    if (at === null) return
    slice = { from: at - BEFORE_MS, until: at + AFTER_MS }
    live.rewinding = true
  }

  /** What was asked for, once; after the show every replay begins at the shared moment. */
  function take(spans: readonly Span[]): Slice | null {
    const asked = slice
    slice = null
    if (at === null || !covers(spans, at)) return null
    if (live.status === 'live') return asked
    return { from: at - BEFORE_MS, until: Infinity }
  }

  return { state, product, look, watch, take, close: () => (state.closed = true) }
}
