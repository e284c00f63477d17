/** How the incoming picture is doing, as one word: good, weak, bad, or waiting for one. */
import type { Finding, Ingest, RoomStatus } from '../types'

export type HealthWord = 'good' | 'weak' | 'bad' | 'waiting'

const FRAME_OLD_MS = 3000

export function healthWord(ingest: Ingest | null, status: RoomStatus): HealthWord {
  if (!ingest?.publishing || !ingest.health) return status === 'live' ? 'bad' : 'waiting'
  if (ingest.health.last_frame_age_ms > FRAME_OLD_MS) return 'bad'
  return worst(ingest) ? 'weak' : 'good'
}

/** What is most worth changing; hints do not disturb a show that runs. */
export function worst(ingest: Ingest | null): Finding | null {
  return ingest?.findings.find(({ level }) => level !== 'hint') ?? null
}
