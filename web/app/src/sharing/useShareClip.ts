/**
 * The clip of a sheet: cut when its tab is chosen, before any tap that sends it. Each stretch is
 * cut once while the sheet is open, and again after it was sent: every send is a share of its own.
 */
import { ref, shallowReactive } from 'vue'
import type { YaoheError } from '@sdk/errors'
import type { Share, Shares } from '@sdk/share'
import type { WordKey } from '../ui/words'

export const LENGTHS_S = [15, 30, 60] as const

/** The last `lastS` seconds up to `at`, on the clock of the stream; null is what is on screen. */
export interface Stretch {
  lastS: number
  at: number | null
}

const refusals: Record<string, WordKey> = {
  clip_empty: 'share.clip_empty',
  too_many: 'share.clip_later',
}

/** `letGo` hears the address of each clip that is not shown again. */
export function useShareClip(shares: Shares, letGo: (address: string) => void) {
  const stretch = ref<Stretch>({ lastS: LENGTHS_S[0], at: null })
  const state = shallowReactive({ share: null as Share | null, refused: '' as WordKey | '' })
  let cut = new Map<string, Share>()
  const nameOf = ({ lastS, at }: Stretch): string => `${lastS} ${at}`

  async function make(): Promise<void> {
    const asked = stretch.value
    const wanted = nameOf(asked)
    const made = cut
    const isWanted = (): boolean => cut === made && nameOf(stretch.value) === wanted
    state.refused = ''
    state.share = made.get(wanted) ?? null
    if (state.share) return
    try {
      const share = await shares.clip(asked.lastS, asked.at)
      made.set(wanted, share)
      if (isWanted()) state.share = share
    } catch (error) {
      if (isWanted()) state.refused = refusals[(error as YaoheError).code] ?? 'share.clip_unready'
    }
  }

  function choose(next: Stretch): Promise<void> {
    stretch.value = next
    return make()
  }

  /** This one was sent. */
  function spend(sent: Share): void {
    for (const [name, share] of cut) if (share === sent) drop(name, share)
  }

  function drop(name: string, share: Share): void {
    cut.delete(name)
    if (state.share === share) state.share = null
    if (share.clip_url) letGo(share.clip_url)
  }

  /** The show goes on: what was cut before is not the last seconds any more. */
  function forget(): void {
    for (const [name, share] of cut) drop(name, share)
    cut = new Map()
    stretch.value = { ...stretch.value, at: null }
    state.share = null
    state.refused = ''
  }

  return { stretch, state, make, choose, spend, forget }
}
