/** Made by scripts/gen.py from the OpenAPI document; never edited. */
export interface VisitRequest {
  click?: string | null
  consent?: boolean | null
  opening?: string | null
}

export interface VisitAnswer {
  visitor: string
  invited: InvitedBy | null
  counted: boolean
  named?: boolean
  opening?: string | null
}

export interface InvitedBy {
  token: string
  sharer: string
}

export interface OutsideShareRequest {
  channel?: string
  content?: 'link' | 'card' | 'poster'
  prepared?: boolean
  parent?: string | null
  moment_ms?: number | null
  text?: string
  user?: UserBody | null
}

export interface OutsideShareAnswer {
  token: string
  url: string
  text: string
  cover_url: string
  intents: Record<string, string>
}

export interface WatchAnswer {
  watch_ms: number
}

export interface IdentifyAnswer {
  user: string
}

export interface UserBody {
  id: string
  name?: string
}
