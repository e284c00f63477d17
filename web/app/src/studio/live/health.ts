/** How the incoming picture is doing, as one word: good, weak, bad, or waiting for one. */
import type { Ingest, RoomStatus } from '../types'

export type HealthWord = 'good' | 'weak' | 'bad' | 'waiting'

const FPS_WEAK = 15
const BITRATE_WEAK_KBPS = 300
const FRAME_OLD_MS = 3000

export function healthWord(ingest: Ingest | null, status: RoomStatus): HealthWord {
  if (!ingest?.publishing || !ingest.health) return status === 'live' ? 'bad' : 'waiting'
  const { fps, bitrate_kbps, last_frame_age_ms } = ingest.health
  if (last_frame_age_ms > FRAME_OLD_MS) return 'bad'
  return fps < FPS_WEAK || bitrate_kbps < BITRATE_WEAK_KBPS ? 'weak' : 'good'
}
