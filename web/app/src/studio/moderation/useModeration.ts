/** Everything the moderation page of one room shows and does; each act loads what it touched. */
import { ref, shallowRef } from 'vue'
import { api } from '../api'
import { t } from '../lang'
import { tell } from '../notices'
import { isSignedOut, problemText } from '../problems'
import { useWhileVisible } from '../useWhileVisible'
import { moderation as ask, type Helper, type Penalty, type Report, type Rules, type TrailLine } from './api'

export const MUTE_MINUTES = 10
const LOOK_MS = 5000

export function useModeration(roomId: string) {
  const rules = shallowRef<Rules | null>(null)
  const reports = shallowRef<Report[]>([])
  const penalties = shallowRef<Penalty[]>([])
  const helpers = shallowRef<Helper[]>([])
  const trail = shallowRef<TrailLine[]>([])
  const problem = ref('')

  async function look(): Promise<void> {
    ;[reports.value, penalties.value, helpers.value, trail.value] = await Promise.all([
      ask.reports(roomId), ask.penalties(roomId), ask.helpers(roomId), ask.trail(roomId),
    ])
  }

  async function load(): Promise<void> {
    rules.value = await ask.rules(roomId)
    await look()
  }

  /** One act: what goes wrong is one line on the page. */
  async function act(work: () => Promise<unknown>, said?: string): Promise<boolean> {
    problem.value = ''
    try {
      await work()
      if (said) tell(said)
      await look()
      return true
    } catch (error) {
      if (isSignedOut(error)) throw error
      problem.value = problemText(error)
      return false
    }
  }

  const change = (wish: Partial<Omit<Rules, 'pinned'>>): Promise<boolean> =>
    act(async () => (rules.value = await ask.setRules(roomId, wish)), t('common.saved'))
  const hold = (kind: 'mute' | 'ban', visitor: string, name: string): Promise<boolean> =>
    act(
      () => ask.hold(roomId, visitor, { kind, name, ...(kind === 'mute' ? { minutes: MUTE_MINUTES } : {}) }),
      t(kind === 'mute' ? 'mod.muted_said' : 'mod.banned_said', { name, n: MUTE_MINUTES }),
    )

  useWhileVisible(look, LOOK_MS)

  return {
    rules, reports, penalties, helpers, trail, problem, load, change, hold,
    pin: (text: string) => act(async () => (rules.value = await ask.pin(roomId, text)), t('mod.pinned_said')),
    unpin: () => act(async () => (rules.value = await ask.unpin(roomId)), t('mod.unpinned_said')),
    announce: (text: string) => act(() => ask.announce(roomId, text), t('mod.announced_said')),
    lift: (one: Penalty) => act(() => ask.lift(roomId, one.visitor_id), t('mod.lifted_said', { name: one.name })),
    dismiss: (one: Helper) => act(() => ask.dismiss(roomId, one.visitor_id), t('mod.dismissed_said', { name: one.name })),
    hide: (lineId: string) => act(() => api.hideLine(roomId, lineId), t('mod.hidden_said')),
    close: (one: Report) => act(() => ask.closeReport(roomId, one.id)),
  }
}

export type RoomModeration = ReturnType<typeof useModeration>
