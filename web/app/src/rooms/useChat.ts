/**
 * The chat as it is read: at most three new lines a second, the newest sixty kept, following the
 * end until somebody scrolls back, and one spoken summary per five seconds.
 */
import { computed, reactive, ref } from 'vue'
import type { ChatLine } from '@sdk/events'
import type { Room } from '@sdk/room'
import type { Lang } from '../ui/words'

const KEPT = 60
const EVERY_MS = 334
const SPOKEN_EVERY_MS = 5000
const WAITING_MAX = 30

export function useChat(first: ChatLine[], room: Room, lang: Lang) {
  const lines = ref<ChatLine[]>(first.slice(-30))
  const state = reactive({ following: true, unread: 0, spoken: '', mutedUntil: '' })
  const seen = new Set(first.map((line) => line.id))
  const waiting: ChatLine[] = []
  let beat: ReturnType<typeof setInterval> | undefined
  let lastSpokenAt = 0

  function add(line: ChatLine): void {
    if (seen.has(line.id)) return
    seen.add(line.id)
    waiting.push(line)
    // A flood is thinned at its old end; the newest words are the ones that matter.
    if (waiting.length > WAITING_MAX) waiting.splice(0, waiting.length - WAITING_MAX)
    if (!beat) {
      flush()
      beat = setInterval(flush, EVERY_MS)
    }
  }

  function flush(): void {
    const line = waiting.shift()
    if (!line) {
      clearInterval(beat)
      beat = undefined
      return
    }
    lines.value = [...lines.value.slice(-(KEPT - 1)), line]
    if (!state.following) state.unread += 1
    const now = Date.now()
    if (now - lastSpokenAt > SPOKEN_EVERY_MS) {
      lastSpokenAt = now
      state.spoken = `${line.name}${lang === 'zh-CN' ? '：' : ': '}${(lang === 'en' && line.text_en) || line.text}`
    }
  }

  /** The tail of the chat after (re)joining, without doubling what is already there. */
  function merge(tail: ChatLine[]): void {
    const fresh = tail.filter((line) => !seen.has(line.id))
    for (const line of fresh) seen.add(line.id)
    if (!fresh.length) return
    const all = [...lines.value, ...fresh]
    lines.value = all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-KEPT)
  }

  function hide(id: string): void {
    lines.value = lines.value.filter((line) => line.id !== id)
  }

  function follow(on: boolean): void {
    state.following = on
    if (on) state.unread = 0
  }

  room.chatLine.on(add)
  room.chatHidden.on(hide)

  return { lines: computed(() => lines.value), state, merge, follow, say: (text: string) => room.say(text) }
}
