/**
 * The chat as it was at the moment on screen: fetched in stretches around it, and while the show is
 * on also from what is said meanwhile. Live chat goes on unseen beside it.
 */
import { computed, onUnmounted, shallowRef, type Ref } from 'vue'
import { lineIn, type ChatLine } from '@sdk/events'
import type { Rewind } from '@sdk/rewind'
import type { LiveRoom } from './useLiveRoom'

const BEFORE_MS = 30_000
const AFTER_MS = 60_000
/** While the show is on, what is said is soon more than what was fetched. */
const AFTER_LIVE_MS = 15_000
const LINES_SHOWN = 5

type Page = Pick<LiveRoom, 'room' | 'live' | 'lang' | 'chat' | 'manners'>

/** The last of these lines that were said by `at`, each once, by when they were said. */
export function saidBy(at: number, timeOf: (line: ChatLine) => number, ...from: readonly ChatLine[][]): ChatLine[] {
  const found = new Map<string, ChatLine>()
  for (const line of from.flat()) if (timeOf(line) <= at) found.set(line.id, line)
  return [...found.values()].sort((one, other) => timeOf(one) - timeOf(other)).slice(-LINES_SHOWN)
}

export function usePastChat({ room, live, lang, chat, manners }: Page, rewind: Rewind, at: Ref<number>) {
  const past = shallowRef<ChatLine[]>([])
  /** Our own lines stand where we were when we said them. */
  const mine = new Map<string, number>()
  let heard = { begin: 0, end: 0 }

  const timeOf = (line: ChatLine): number => mine.get(line.id) ?? line.media_at ?? Date.parse(line.at)
  const wanted = (line: ChatLine): boolean => line.v === undefined || !manners.state.blocked.has(line.v)
  const lines = computed(() => {
    const meanwhile = live.status === 'live' ? chat.lines.value.filter((line) => !line.hidden) : []
    return saidBy(at.value, timeOf, past.value.filter(wanted), meanwhile)
  })

  async function hear(now: number): Promise<void> {
    if (now >= heard.begin && now < heard.end) return
    const end = now + (live.status === 'live' ? AFTER_LIVE_MS : AFTER_MS)
    heard = { begin: now - BEFORE_MS, end }
    const came = await rewind.chat(heard.begin, end).catch(() => [])
    // Somebody may have gone elsewhere meanwhile.
    if (heard.end === end) past.value = came.map((line) => lineIn(line, lang))
  }

  const offs = [
    room.chatLine.on((line) => line.v && line.v === live.visitor?.id && mine.set(line.id, at.value)),
    room.chatHidden.on(({ id, v }) => {
      past.value = past.value.filter((line) => (id !== undefined ? line.id !== id : line.v !== v))
    }),
  ]
  onUnmounted(() => offs.forEach((off) => off()))

  return { lines, hear }
}
