/**
 * A room's share report, asked for often enough while it is looked at that what happened is on
 * the screen within a second.
 *
 * The server answers "not modified" from its ETag when nothing happened; an equal answer does not
 * touch the page either, so a table being read does not flicker.
 */
import { computed, shallowRef } from 'vue'
import { api } from '../api'
import type { ShareReport } from '../types'
import { useWhileVisible } from '../useWhileVisible'

const EVERY_MS = 600

export function useReport(roomId: string) {
  const report = shallowRef<ShareReport | null>(null)
  let seen = ''

  async function load(): Promise<void> {
    const answer = await api.report(roomId)
    const said = JSON.stringify({ ...answer, as_of: '' })
    if (said === seen) return
    seen = said
    report.value = answer
  }

  const { lost } = useWhileVisible(load, EVERY_MS)
  const anything = computed(() => {
    const totals = report.value?.totals
    return totals ? totals.prepared + totals.intended + totals.effective + totals.hits > 0 : false
  })
  return { report, load, lost, anything }
}
