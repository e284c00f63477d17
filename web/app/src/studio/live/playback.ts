/** How it plays at the viewers', as four figures; null where nobody has said anything yet. */
import type { PlayersHealth } from '../types'

export interface PlaybackFigures {
  firstFrameS: number | null
  behindS: number | null
  /** Of the time watched, 0 to 1. */
  stalled: number | null
  /** Of the starts, 0 to 1. A start that waits for a tap did not fail. */
  failed: number | null
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

export function playbackFigures(health: PlayersHealth): PlaybackFigures {
  const { starts, failed, watched_s, stalled_s } = health
  return {
    firstFrameS: seconds(health.first_frame_ms_p50),
    behindS: seconds(health.behind_ms_p50),
    stalled: watched_s ? Math.min(1, stalled_s / (watched_s + stalled_s)) : null,
    failed: starts ? failed / starts : null,
  }
}
