/**
 * Words to read with the picture, where the host's encoder sends them: live they come with the
 * room's state, of what was they are fetched in stretches. Who hears nothing reads them unasked.
 */
import { computed, reactive } from 'vue'
import type { RoomState } from '@sdk/events'
import { lastOf, type PastCaption, type Rewind } from '@sdk/rewind'
import { kept } from '../ui/kept'

const KEPT = 'yh-captions'
const BEFORE_MS = 20_000
const AFTER_MS = 60_000
/** While the show is on, what is said is soon more than what was fetched. */
const AFTER_LIVE_MS = 5_000

interface Shown {
  status: string
  hasSound: boolean
  rewinding: boolean
  clip: boolean
}

/** What stands at a moment: the last caption before it, as long as anybody reads. */
export function captionAt(past: readonly PastCaption[], at: number): string {
  const found = lastOf(past, (one) => Date.parse(one.at) <= at)
  return found && at - Date.parse(found.at) < BEFORE_MS ? found.text : ''
}

export function useCaptions(live: Shown) {
  const state = reactive({ known: false, text: '', past: '', wish: kept.get(KEPT) })
  const on = computed(() => (state.wish === null ? !live.hasSound : state.wish === '1'))
  const shown = computed(() => (on.value && !live.clip ? (live.rewinding ? state.past : state.text) : ''))
  let past: PastCaption[] = []
  let heard = { begin: 0, end: 0 }

  function changed({ caption }: Partial<RoomState>): void {
    if (caption === undefined) return
    state.known = true
    state.text = caption
  }

  function toggle(): void {
    state.wish = on.value ? '0' : '1'
    kept.set(KEPT, state.wish)
  }

  async function hear(rewind: Rewind, at: number): Promise<void> {
    if (at < heard.begin || at >= heard.end) {
      const end = at + (live.status === 'live' ? AFTER_LIVE_MS : AFTER_MS)
      heard = { begin: at, end }
      const came = await rewind.captions(at - BEFORE_MS, end).catch(() => [])
      // Somebody may have gone elsewhere meanwhile.
      if (heard.end !== end) return
      past = came
      if (came.length) state.known = true
    }
    state.past = captionAt(past, at)
  }

  return { state, on, shown, changed, toggle, hear }
}
