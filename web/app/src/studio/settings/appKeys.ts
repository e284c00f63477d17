/** App keys: the shapes and calls of their part of the settings page. */
import { createClient } from '@sdk/client'

const PATH = '/api/v1/staff/app-keys'
const SERVER_SCOPES = ['rooms:write', 'shares:write', 'events:write', 'orders:write', 'reports:read']
const client = createClient()

/** A key for a page or server outside; never the key itself. */
export interface AppKey {
  id: string
  name: string
  kind: 'secret' | 'public'
  mode: 'live' | 'test'
  prefix: string
  scopes: string[]
  sites: string[]
  apps: boolean
  last_used_at: string | null
}

export type AppKeyDraft = Pick<AppKey, 'name' | 'kind' | 'mode' | 'sites' | 'apps'>

export const appKeys = {
  all: async () => (await client.get<{ items: AppKey[] }>(PATH)).items,
  /** A secret key made here may do everything a server does; narrower ones are made by the API. */
  create: (draft: AppKeyDraft) =>
    client.post<{ info: AppKey; key: string }>(PATH, { ...draft, scopes: SERVER_SCOPES }),
  revoke: (id: string) => client.delete<void>(`${PATH}/${id}`),
}
