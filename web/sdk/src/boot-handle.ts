/**
 * What the inline script hands to the bundle: the boot data of the document and a video that may
 * already be playing. Types only; nothing here is shipped.
 */
import type { BootData } from './events'

/** idle: nothing to play · refused: the browser wants a tap first · ended: the bytes stopped. */
export type Phase = 'idle' | 'connecting' | 'playing' | 'refused' | 'waiting' | 'ended'

export interface PlayerStats {
  /** Since navigation start, as `performance.now()` counts; 0 until there is something to play. */
  startedMs: number
  firstFrameMs: number
  /** When the bundle took over; 0 before. */
  appMs: number
  behindLiveMs: number
  stalls: number
  /** How long the picture stood still, all stalls together. */
  stalledMs: number
  /** Which way the bytes come: fetch | ws | hls | hlsjs; empty until something live is asked for. */
  route: string
}

export interface BootHandle {
  data: BootData
  video: HTMLVideoElement
  source: MediaSource | null
  buffer: SourceBuffer | null
  abort: AbortController | null
  /** Bytes that arrived before the SourceBuffer could take them. */
  queue: Uint8Array[]
  codecs: string
  epoch: string
  timeline: string
  rung: string
  phase: Phase
  reason?: string
  /** The last thing tapped before the bundle was there; it is done on take-over. */
  early: string
  /** Set by the bundle: from now on it answers the taps. */
  taken?: boolean
  /** Who watches, in a frame where cookies may not be had: sent along with every call. */
  frame?: string
  /** The share whose embed code the frame is. */
  sharedBy?: string
  /** Whether the visit of a shared link was heard by the server. */
  beacon: Promise<boolean> | null
  /** How that was counted without a name, where its person did not accept to be remembered. */
  opening?: string | null
  stats: PlayerStats
  bytes(chunk: Uint8Array): void
  drain(): void
  end(reason: string): void
  play(): void
}

declare global {
  interface Window {
    __yh?: BootHandle
  }
}
