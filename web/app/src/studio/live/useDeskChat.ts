/** The desk's chat: the last lines, new ones, hiding, speaking as the host. */
import { computed, ref, shallowRef } from 'vue'
import type { ChatHidden } from '@sdk/events'
import { api } from '../api'
import { pick, t } from '../lang'
import { moderation } from '../moderation/api'
import { MUTE_MINUTES } from '../moderation/useModeration'
import { tell } from '../notices'
import type { ChatLine } from '../types'

const KEPT_MAX = 300

/** Who wrote it, as the desk reads their name. */
function named({ v, name, name_en }: ChatLine): { v: ChatLine['v']; name: string } {
  return { v, name: pick(name, name_en) }
}

export function useDeskChat(roomId: string) {
  const lines = shallowRef<ChatLine[]>([])
  const text = ref('')
  const sending = ref(false)
  const empty = computed(() => lines.value.length === 0)

  function add(line: ChatLine): void {
    if (lines.value.some((known) => known.id === line.id)) return
    lines.value = [...lines.value.slice(1 - KEPT_MAX), line]
  }

  function markHidden({ id, v }: ChatHidden): void {
    const meant = (line: ChatLine): boolean => (id !== undefined ? line.id === id : line.v === v)
    lines.value = lines.value.map((line) => (meant(line) ? { ...line, hidden: true } : line))
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
    markHidden({ id: line.id })
  }

  async function hold(kind: 'mute' | 'ban', line: ChatLine): Promise<void> {
    const { v, name } = named(line)
    await moderation.hold(roomId, v ?? '', { kind, name, ...(kind === 'mute' ? { minutes: MUTE_MINUTES } : {}) })
    tell(t(kind === 'mute' ? 'mod.muted_said' : 'mod.banned_said', { name, n: MUTE_MINUTES }))
  }

  async function appoint(line: ChatLine): Promise<void> {
    const { v, name } = named(line)
    await moderation.appoint(roomId, v ?? '', name)
    tell(t('mod.appointed_said', { name }))
  }

  return { lines, text, sending, empty, add, markHidden, load, say, hide, hold, appoint }
}
