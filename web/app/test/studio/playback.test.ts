import { describe, expect, it } from 'vitest'
import { playbackFigures } from '@app/studio/live/playback'

const nobody = { window_s: 600, starts: 0, failed: 0, first_frame_ms_p50: null, behind_ms_p50: null, watched_s: 0, stalls: 0, stalled_s: 0 }

describe('how it plays at the viewers’', () => {
  it('says nothing of nobody', () => {
    expect(playbackFigures(nobody)).toEqual({ firstFrameS: null, behindS: null, stalled: null, failed: null })
  })

  it('is shares of starts and of the time in front of the picture', () => {
    const some = { ...nobody, starts: 40, failed: 1, first_frame_ms_p50: 82, behind_ms_p50: 430, watched_s: 990, stalls: 3, stalled_s: 10 }
    expect(playbackFigures(some)).toEqual({ firstFrameS: 0.082, behindS: 0.43, stalled: 0.01, failed: 0.025 })
  })
})
