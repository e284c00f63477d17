/**
 * The invited friend's first minute: one call, and where policy allows, helping the one who
 * invited. Whether a help counts is decided by the server's clock; the ring only shows it.
 */
import { computed, reactive } from 'vue'
import { YaoheError } from '@sdk/errors'
import type { BootData } from '@sdk/events'
import { HELP_AFTER_MS } from '@sdk/plays'
import type { Room } from '@sdk/room'
import { keptInTab } from '../ui/kept'
import type { WordKey, Words } from '../ui/words'
import type { Notices } from './useNotices'

const JOINED = 'yh.joined'

const refused: Record<string, WordKey> = {
  help_already: 'help.help_already',
  help_self: 'help.help_self',
  help_not_arrived: 'help.help_not_arrived',
  help_not_here: 'help.help_not_here',
  help_over: 'help.help_over',
}

export function useLanding(boot: BootData, room: Room, say: Words, notices: Notices) {
  const share = boot.share
  // A link of the shop's own brings people whom nobody invited.
  const invited = share !== null && !share.mine && share.sharer !== ''
  const state = reactive({
    /** The call still stands where the action bar will be. */
    calling: invited && boot.room.status === 'live',
    /** none | offered | asking | done */
    help: invited && boot.offer.help ? 'offered' : 'none',
    countedMs: 0,
    /** Counts between two answers of the server, so that the ring moves evenly. */
    sinceMs: 0,
  })
  const sharer = share?.sharer ?? ''
  const watchedMs = computed(() => Math.min(HELP_AFTER_MS, state.countedMs + state.sinceMs))
  const leftS = computed(() => Math.ceil((HELP_AFTER_MS - watchedMs.value) / 1000))
  const canHelp = computed(() => state.countedMs >= HELP_AFTER_MS)

  if (state.help === 'offered') {
    let answeredAt = 0
    room.track.counted.on((ms) => {
      state.countedMs = ms
      state.sinceMs = 0
      answeredAt = performance.now()
    })
    const timer = setInterval(() => {
      if (canHelp.value || state.help === 'done') clearInterval(timer)
      else if (room.player.phase === 'playing' && answeredAt && document.visibilityState === 'visible') {
        // Never past the end by our own clock: the last second is the server's to give.
        const left = HELP_AFTER_MS - 1000 - state.countedMs
        state.sinceMs = Math.max(0, Math.min(performance.now() - answeredAt, left, 5500))
      }
    }, 250)
  }

  function join(): void {
    if (share) keptInTab.set(JOINED, share.token)
    state.calling = false
    document.body.dataset.joined = '1'
    document.body.dataset.help = ''
  }

  async function help(): Promise<void> {
    if (!share || state.help !== 'offered' || !canHelp.value) return
    state.help = 'asking'
    try {
      await room.plays.help(share.token)
      state.help = 'done'
      notices.show({ kind: 'done', title: say('help.counted') })
      join()
    } catch (error) {
      refuse(error)
    }
  }

  function refuse(error: unknown): void {
    const { code, retryAfterS } = error as YaoheError
    const word = refused[code]
    if (code === 'help_too_early') {
      state.help = 'offered'
      state.countedMs = Math.max(0, HELP_AFTER_MS - 1000 * (retryAfterS ?? 3))
      notices.show({ kind: 'problem', title: say('help.help_too_early', { n: retryAfterS ?? 3 }) })
    } else if (word) {
      state.help = 'done'
      notices.show({ kind: 'problem', title: say(word, { name: sharer }) })
      join()
    } else {
      state.help = 'offered'
      notices.problem(error, say)
    }
  }

  // Who said what they came for and is back, from paying say, is not asked again. The help stays on
  // offer beside what else the room has.
  if (share && keptInTab.get(JOINED) === share.token) join()

  return { state, invited, sharer, watchedMs, leftS, canHelp, join, help }
}
