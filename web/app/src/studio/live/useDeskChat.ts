/** The desk's chat: the last lines, new ones, hiding, speaking as the host. */
import { computed, ref, shallowRef } from 'vue'
import { api } from '../api'
import type { ChatLine } from '../types'

const KEPT_MAX = 300

export function useDeskChat(roomId: string) {
  const lines = shallowRef<ChatLine[]>([])
  const text = ref('')
  const sending = ref(false)
  const empty = computed(() => lines.value.length === 0)

  function add(line: ChatLine): void {
    if (lines.value.some((known) => known.id === line.id)) return
    lines.value = [...lines.value.slice(1 - KEPT_MAX), line]
  }

  function markHidden(lineId: string): void {
    lines.value = lines.value.map((line) => (line.id === lineId ? { ...line, hidden: true } : line))
  }

  async function load(): Promise<void> {
    const known = await api.chat(roomId)
    const fresh = new Set(known.map((line) => line.id))
    lines.value = [...known, ...lines.value.filter((line) => !fresh.has(line.id))]
  }

  async function say(): Promise<void> {
    const said = text.value.trim()
    if (!said || sending.value) return
    sending.value = true
    try {
      await api.say(roomId, said)
      text.value = ''
    } finally {
      sending.value = false
    }
  }

  async function hide(line: ChatLine): Promise<void> {
    await api.hideLine(roomId, line.id)
    markHidden(line.id)
  }

  return { lines, text, sending, empty, add, markHidden, load, say, hide }
}
