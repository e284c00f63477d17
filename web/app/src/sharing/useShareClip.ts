/**
 * The clip of a sheet: cut when its tab is chosen, before any tap that sends it. Each length is cut
 * once while the sheet is open.
 */
import { ref, shallowReactive } from 'vue'
import type { YaoheError } from '@sdk/errors'
import type { Share, Shares } from '@sdk/share'
import type { WordKey } from '../ui/words'

export const LENGTHS_S = [15, 30] as const

const refusals: Record<string, WordKey> = {
  clip_empty: 'share.clip_empty',
  too_many: 'share.clip_later',
}

export function useShareClip(shares: Shares) {
  const lengthS = ref<number>(LENGTHS_S[0])
  const state = shallowReactive({ share: null as Share | null, refused: '' as WordKey | '' })
  let cut = new Map<number, Share>()

  async function make(): Promise<void> {
    const wanted = lengthS.value
    const made = cut
    state.refused = ''
    state.share = made.get(wanted) ?? null
    if (state.share) return
    try {
      const share = await shares.clip(wanted)
      made.set(wanted, share)
      if (cut === made && lengthS.value === wanted) state.share = share
    } catch (error) {
      if (cut === made && lengthS.value === wanted) state.refused = refusals[(error as YaoheError).code] ?? 'share.clip_unready'
    }
  }

  /** The show goes on: what was cut before is not the last seconds any more. */
  function forget(): void {
    cut = new Map()
    state.share = null
    state.refused = ''
  }

  return { lengthS, state, make, forget }
}
