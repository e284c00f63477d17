/** The question whether this browser may be remembered: a quiet bar, and once more where something
 * cannot be done without a yes. Closing the question is no answer. */
import { reactive } from 'vue'
import type { Room } from '@sdk/room'
import type { Words } from '../ui/words'
import type { Notices } from './useNotices'

export function useConsent(room: Room, say: Words, notices: Notices) {
  const { consent } = room
  const state = reactive({ accepted: consent.accepted, asking: false, busy: false })
  let waiting: ((yes: boolean) => void)[] = []

  function done(yes: boolean): void {
    state.asking = false
    const told = waiting
    waiting = []
    for (const tell of told) tell(yes)
  }

  consent.question = () => {
    state.asking = true
    return new Promise((tell) => waiting.push(tell))
  }

  async function answer(accepted: boolean): Promise<void> {
    if (state.busy) return
    state.busy = true
    try {
      await consent.answer(accepted)
      state.accepted = accepted
      done(accepted)
    } catch (error) {
      notices.problem(error, say)
    } finally {
      state.busy = false
    }
  }

  return { state, asks: consent.asks, ask: () => consent.ask(), answer, later: () => done(false) }
}
