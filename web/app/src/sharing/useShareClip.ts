/**
 * The clip of a sheet: cut when its tab is chosen, before any tap that sends it. Each length is cut
 * once while the sheet is open, and again after it was sent: every send is a share of its own.
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

/** `letGo` hears the address of each clip that is not shown again. */
export function useShareClip(shares: Shares, letGo: (address: string) => void) {
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

  /** This one was sent. */
  function spend(sent: Share): void {
    for (const [length, share] of cut) if (share === sent) drop(length, share)
  }

  function drop(length: number, share: Share): void {
    cut.delete(length)
    if (state.share === share) state.share = null
    if (share.clip_url) letGo(share.clip_url)
  }

  /** The show goes on: what was cut before is not the last seconds any more. */
  function forget(): void {
    for (const [length, share] of cut) drop(length, share)
    cut = new Map()
    state.share = null
    state.refused = ''
  }

  return { lengthS, state, make, spend, forget }
}
