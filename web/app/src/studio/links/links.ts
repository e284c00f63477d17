/** Links of staff: the shapes and calls of their page. */
import { createClient } from '@sdk/client'

const PATH = '/api/v1/links'
const client = createClient()

export const SOURCES = ['promoter', 'ad', 'recommendation', 'share'] as const
export const UTM = ['source', 'medium', 'campaign', 'content', 'term'] as const
export const PAGE = 50

export interface LinkDraft {
  name: string
  room: string
  product: string
  clip: string
  url: string
  moment_at: string | null
  slug: string
  source: (typeof SOURCES)[number]
  channel: string
  tags: string[]
  utm: Record<string, string>
  expires_at: string | null
  paused: boolean
}

export interface Link extends Omit<LinkDraft, 'slug'> {
  token: string
  slug: string | null
  link: string
  kind: 'room' | 'product' | 'clip' | 'outside'
  state: 'open' | 'paused' | 'expired'
  created_at: string
  counts: { hits: number; bot_hits: number; clicks: number; watched: number; orders: number; paid_minor: number }
}

export interface LinkPage {
  items: Link[]
  total: number
  tags: { tag: string; links: number }[]
}

const one = (token: string): string => `${PATH}/${encodeURIComponent(token)}`

export const links = {
  page: (q: string, tag: string, offset = 0) =>
    client.get<LinkPage>(`${PATH}?${new URLSearchParams({ q, tag, offset: String(offset), limit: String(PAGE) })}`),
  create: (draft: LinkDraft) => client.post<Link>(PATH, draft),
  change: (token: string, draft: LinkDraft) => client.put<Link>(one(token), draft),
  give: async (table: Blob) => {
    const answer = await client.exchange('POST', `${PATH}/csv`, table, 'text/csv')
    return ((await answer.json()) as LinkPage).items
  },
  sites: async () => (await client.get<{ sites: string[] }>(`${PATH}/sites`)).sites,
  setSites: async (sites: string[]) => (await client.put<{ sites: string[] }>(`${PATH}/sites`, { sites })).sites,
  table: `${PATH}/csv`,
  code: (token: string, form: 'svg' | 'png') => `${one(token)}/qr.${form}`,
}

/** Programs are no people; of a link that leads away only its openings can be told. */
export function opened(link: Link): number {
  return link.kind === 'outside' ? link.counts.hits - link.counts.bot_hits : link.counts.clicks
}

/** The token in a share's address, or the text itself. */
export function tokenOf(text: string): string {
  return /\/s\/([0-9A-Za-z]{10})/.exec(text)?.[1] ?? text.trim()
}
