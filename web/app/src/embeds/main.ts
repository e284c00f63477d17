/** Entry of an embedded room: says where it stands, learns who watches, then takes over the page. */
import { createApp } from 'vue'
import { createClient, frameHeaders } from '@sdk/client'
import { kept } from '../ui/kept'
import '../rooms/room.css'
import { styled } from '../rooms/styled'
import './frame.css'
import EmbedPage from './EmbedPage.vue'
import { hostOrigin } from './host'

/** Who this visitor is inside pages of that site; no other page can read it. */
const FRAME = 'yh.frame'

interface Embedded {
  frame: string
  site: string
  share: string | null
  mine: boolean
}

const yh = window.__yh

async function begin(): Promise<void> {
  if (!yh) return
  const here = new URLSearchParams(location.search)
  const before = kept.get(FRAME)
  const client = createClient({ headers: () => frameHeaders(before) })
  const told = await client
    .post<Embedded>(`/api/v1/rooms/${yh.data.room.id}/embedded`, {
      site: hostOrigin(), query: location.search.slice(0, 512), share: here.get('s')?.slice(0, 64) ?? null,
    })
    // The picture plays all the same; the chat says that it is not connected.
    .catch(() => null)
  yh.frame = told?.frame ?? before ?? undefined
  if (yh.frame) kept.set(FRAME, yh.frame)
  yh.sharedBy = told?.share ?? undefined
  await styled()
  yh.stats.appMs = performance.now()
  createApp(EmbedPage, { yh, site: told?.site ?? '', clicks: told?.share && !told.mine ? told.share : '' }).mount('#yh-app')
}

void begin()
