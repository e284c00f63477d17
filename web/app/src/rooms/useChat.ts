/**
 * The chat as it is read: at most three new lines a second, the newest sixty kept, following the
 * end until somebody scrolls back, and one spoken summary per five seconds.
 */
import { computed, reactive, ref } from 'vue'
import { lineIn, type ChatHidden, type ChatLine } from '@sdk/events'
import type { Room } from '@sdk/room'
import type { Lang } from '../ui/words'
import { matters, Sample } from './sample'

const KEPT = 60
const EVERY_MS = 334
const SPOKEN_EVERY_MS = 5000
const SEEN_MAX = 2000

export interface ShownLine extends ChatLine {
  /** A moderator took it away; only who wrote it (and moderators) still see it. */
  hidden?: boolean
}

export interface Reader {
  /** Our own visitor id. */
  me(): string | undefined
  moderates(): boolean
  blocks(visitorId: string): boolean
}

export function useChat(first: ChatLine[], room: Room, lang: Lang, reader: Reader) {
  const told = (line: ChatLine): ChatLine => lineIn(line, lang)
  const lines = ref<ShownLine[]>(first.slice(-30).map(told))
  const state = reactive({ following: true, unread: 0, spoken: '', replyTo: null as ChatLine | null })
  const seen = new Set(first.map((line) => line.id))
  const waiting = new Sample()
  let beat: ReturnType<typeof setInterval> | undefined
  let lastSpokenAt = 0
  const unwanted = (line: ChatLine): boolean => line.v !== undefined && reader.blocks(line.v)

  function note(line: ChatLine): boolean {
    if (seen.has(line.id)) return false
    if (seen.size > SEEN_MAX) for (const id of [...seen].slice(0, SEEN_MAX / 2)) seen.delete(id)
    seen.add(line.id)
    return !unwanted(line)
  }

  function add(line: ChatLine): void {
    if (!note(line)) return
    waiting.add(told(line), matters(line, reader.me()))
    if (!beat) {
      flush()
      beat = setInterval(flush, EVERY_MS)
    }
  }

  function flush(): void {
    const line = waiting.next()
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
      state.spoken = `${line.name}${lang === 'zh-CN' ? '：' : ': '}${line.text}`
    }
  }

  /** The tail of the chat after (re)joining, without doubling what is already there. */
  function merge(tail: ChatLine[]): void {
    const fresh = tail.filter(note).map(told)
    lines.value = lines.value.filter((line) => !unwanted(line))
    if (!fresh.length) return
    const all = [...lines.value, ...fresh]
    lines.value = all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-KEPT)
  }

  /** Gone for all; who wrote a line, and who moderates, still sees it, greyed. */
  function hide({ id, v }: ChatHidden): void {
    const meant = (line: ChatLine): boolean => (id !== undefined ? line.id === id : line.v === v)
    waiting.forget(meant)
    const stays = (line: ChatLine): boolean => reader.moderates() || (line.v !== undefined && line.v === reader.me())
    lines.value = lines.value
      .filter((line) => !meant(line) || stays(line))
      .map((line) => (meant(line) ? { ...line, hidden: true } : line))
  }

  /** Nothing more of somebody, also of what is already there. */
  function dropBlocked(): void {
    waiting.forget(unwanted)
    lines.value = lines.value.filter((line) => !unwanted(line))
  }

  function follow(on: boolean): void {
    state.following = on
    if (on) state.unread = 0
  }

  async function say(text: string): Promise<void> {
    await room.say(text, state.replyTo?.id)
    state.replyTo = null
  }

  room.chatLine.on(add)
  room.chatHidden.on(hide)

  return { lines: computed(() => lines.value), state, merge, follow, dropBlocked, say }
}
