/**
 * Tells the server how it plays here: how the start went, how often and how long the picture stood
 * still, how far it is behind live. A sample of the players does, so that a crowd costs no more
 * than a few hundred; what is told is bounded, and nothing in it says who watches.
 */
import type { BootHandle, PlayerStats } from './boot-handle'
import type { Client } from './client'
import { farewell } from './farewell'
import type { Player, PlayerPhase } from './player'
import { every } from './sight'

/** In rooms with more viewers than this only so many report. */
const SAMPLE = 500
/** The start is told when the delay has settled as well. */
const SETTLED_MS = 5000
const FAILED_AFTER_MS = 10_000
const EVERY_MS = 60_000
const BEAT_MS = 1000
const MS_MAX = 120_000
const REASONS = ['codec', 'no_mse', 'decode', 'stuck', 'network', 'silent', 'closed', 'hls']

export type Outcome = 'shown' | 'refused' | 'failed' | 'left'

export interface Report {
  shared: boolean
  route: string
  start?: Outcome
  first_frame_ms?: number
  from_click_ms?: number
  reason?: string
  watched_ms: number
  stalls: number
  stalled_ms: number
  behind_ms?: number
}

export function isSampled(viewers: number, random: () => number): boolean {
  return random() < SAMPLE / Math.max(SAMPLE, viewers)
}

/** How the start went; null while that is open. */
export function outcome(phase: PlayerPhase, stats: PlayerStats, now: number): Outcome | null {
  if (stats.firstFrameMs) return phase === 'refused' ? 'refused' : 'shown'
  if (phase === 'refused') return 'refused'
  if (!stats.startedMs) return null
  return phase === 'cannot_play' || now - stats.startedMs > FAILED_AFTER_MS ? 'failed' : null
}

export function reasonOf(said: string | undefined): string {
  if (!said) return 'late'
  if (said.startsWith('http_')) return 'http'
  return REASONS.includes(said) ? said : 'other'
}

const bounded = (ms: number, max = MS_MAX): number => Math.min(max, Math.max(0, Math.round(ms)))

export class Reports {
  readonly #client: Client
  readonly #yh: BootHandle
  readonly #player: Player
  /** When the page began to try; another value later means that it had to wait for the host. */
  readonly #startedMs: number
  #started = false
  #told = { stalls: 0, stalledMs: 0 }
  #watchedMs = 0
  #beatAt = performance.now()
  #sentAt = performance.now()

  constructor(client: Client, yh: BootHandle, player: Player) {
    this.#client = client
    this.#yh = yh
    this.#player = player
    this.#startedMs = yh.stats.startedMs
  }

  start(random: () => number = Math.random): void {
    if (!isSampled(this.#yh.data.counts.viewers, random)) return
    every(BEAT_MS, () => this.#beat())
    document.addEventListener('visibilitychange', () => this.#sight())
    addEventListener('pagehide', () => this.#leave())
    this.#sight()
  }

  #sight(): void {
    if (document.visibilityState === 'visible') this.#beatAt = performance.now()
    else {
      // A page opened behind another draws no frame, so its start says nothing about the line.
      if (!this.#yh.stats.firstFrameMs) this.#started = true
      this.#leave()
    }
  }

  #beat(): void {
    const now = performance.now()
    const visible = document.visibilityState === 'visible'
    if (visible && this.#player.isLive && this.#player.phase === 'playing') this.#watchedMs += Math.min(now - this.#beatAt, 2 * BEAT_MS)
    this.#beatAt = now
    if (!visible) return
    const { firstFrameMs } = this.#yh.stats
    const start = this.#started ? null : outcome(this.#player.phase, this.#yh.stats, now)
    // A picture that just stands has no delay to tell; not for ever, though.
    const wait = this.#player.phase === 'playing' ? SETTLED_MS : 3 * SETTLED_MS
    const settled = start !== 'shown' || now - firstFrameMs > wait
    if ((start && settled) || (this.#watchedMs && now - this.#sentAt > EVERY_MS)) this.#send(start)
  }

  #send(start: Outcome | null): void {
    const report = this.#report(start)
    this.#client.post(this.#path, report, { keepalive: true }).catch(() => undefined)
  }

  #leave(): void {
    const { stats } = this.#yh
    const open = !this.#started && stats.startedMs > 0
    const start = open ? (outcome(this.#player.phase, stats, performance.now()) ?? 'left') : null
    if (start || this.#watchedMs > BEAT_MS) farewell(this.#client, this.#path, this.#report(start))
  }

  get #path(): string {
    return `/api/v1/rooms/${encodeURIComponent(this.#yh.data.room.id)}/playback`
  }

  #report(start: Outcome | null): Report {
    const { stats, data, reason } = this.#yh
    const report: Report = {
      shared: data.share !== null,
      route: stats.route || 'none',
      watched_ms: bounded(this.#watchedMs),
      stalls: bounded(stats.stalls - this.#told.stalls, 1000),
      stalled_ms: bounded(stats.stalledMs - this.#told.stalledMs),
    }
    if (start) report.start = start
    if (start === 'failed') report.reason = reasonOf(reason)
    if (start === 'shown') {
      report.first_frame_ms = bounded(stats.firstFrameMs - stats.startedMs)
      if (this.#startedMs && this.#startedMs === stats.startedMs) report.from_click_ms = bounded(stats.firstFrameMs - activationMs())
    }
    // Who rewinds is behind on purpose.
    if (this.#player.isLive && this.#player.phase === 'playing' && stats.firstFrameMs) report.behind_ms = bounded(stats.behindLiveMs)
    this.#started ||= start !== null
    this.#told = { stalls: stats.stalls, stalledMs: stats.stalledMs }
    this.#watchedMs = 0
    this.#sentAt = performance.now()
    return report
  }
}

/** When a page that was drawn ahead was really opened; 0 for all others. */
function activationMs(): number {
  const [navigation] = performance.getEntriesByType('navigation') as (PerformanceEntry & { activationStart?: number })[]
  return navigation?.activationStart ?? 0
}
