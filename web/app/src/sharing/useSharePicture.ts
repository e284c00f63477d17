/**
 * The picture or clip of a share, fetched once. A card is drawn anew whenever its address is asked, so what
 * is shown, saved and handed on has to be the same bytes.
 */
import { onScopeDispose, shallowReactive, watch, type Ref } from 'vue'
import type { Client } from '@sdk/client'
import { pictureUrl, type Share } from '@sdk/share'
import type { ChannelChoice } from './channels'

export interface SharePicture {
  /** The address at the server; a browser that saves by holding needs one. */
  readonly address: string
  /** The bytes as an address of this page, for an `<img>`. */
  readonly url: string
  readonly file: File
}

type Wanted = Pick<ChannelChoice, 'shows' | 'isFile' | 'id'>

export function useSharePicture(client: Client, share: Ref<Share | null>, choice: Ref<Wanted | null>) {
  const state = shallowReactive({ picture: null as SharePicture | null, broken: false })
  const kept = new Map<string, SharePicture>()
  const gone = new Set<string>()

  function wanted(): string | null {
    if (!share.value || !choice.value || choice.value.shows === 'link') return null
    if (choice.value.shows === 'clip') return share.value.clip_url ?? null
    return pictureUrl(share.value, choice.value.shows, choice.value.isFile ? choice.value.id : '')
  }

  async function show(): Promise<void> {
    const address = wanted()
    const name = choice.value?.shows ?? ''
    state.broken = false
    state.picture = (address && kept.get(address)) || null
    if (!address || state.picture) return
    try {
      const bytes = await client.blob(address)
      if (gone.has(address)) return
      const [ending, type] = name === 'clip' ? ['mp4', 'video/mp4'] : ['jpg', 'image/jpeg']
      const file = new File([bytes], `yaohe-${name}.${ending}`, { type })
      const picture = { address, url: URL.createObjectURL(file), file }
      kept.set(address, picture)
      if (wanted() === address) state.picture = picture
    } catch {
      state.broken = wanted() === address
    }
  }

  /** This address is not asked for again: its bytes are dropped, those still on their way, too. */
  function letGo(address: string): void {
    gone.add(address)
    const picture = kept.get(address)
    if (!picture) return
    kept.delete(address)
    URL.revokeObjectURL(picture.url)
  }

  watch([share, choice], show, { immediate: true })
  onScopeDispose(() => kept.forEach(({ url }) => URL.revokeObjectURL(url)))
  return { state, retry: show, letGo }
}
