/** What every way of publishing from a page has in common. */
import type { YaoheError } from './errors'

export type Way = 'webrtc' | 'websocket'

/** What the line does right now; null where this way cannot tell. */
export interface Sending {
  kbps: number
  /** What the line could take, where the browser knows. */
  roomKbps: number | null
  rttMs: number | null
  /** Of what was sent in the last seconds, 0 to 1. */
  lost: number | null
}

export interface Publishing {
  readonly way: Way
  /** The same show with another camera, screen or microphone. */
  replace(stream: MediaStream): Promise<void>
  sending(): Promise<Sending>
  /** Ends it; `ended` is not called then. */
  stop(): Promise<void>
}

export interface PublishWish {
  key: string
  stream: MediaStream
  /** Highest bit rate of the picture. */
  videoKbps: number
  /** It is over without our doing: the server's word, or null when only the line was lost. */
  ended(problem: YaoheError | null): void
}
