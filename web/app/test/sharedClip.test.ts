import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BootData } from '@sdk/events'
import type { Room } from '@sdk/room'
import { useSharedClip } from '../src/rooms/useSharedClip'

/** Plays to its end when told to; one that loops never says so, as in a browser. */
class Video extends EventTarget {
  loop = false
  error = null
  play = vi.fn(async () => undefined)

  finish(): void {
    if (!this.loop) this.dispatchEvent(new Event('ended'))
  }
}

function opened(status: string) {
  const live = { status, slate: false, clip: false, replayed: '' }
  const video = new Video()
  const expecting = vi.fn()
  const boot = { share: { clip: '/s/t1/clip.mp4', product: 'p1' } } as unknown as BootData
  useSharedClip(boot, { player: { expect: expecting } } as unknown as Room, live, video as unknown as HTMLVideoElement)
  return { live, video, expecting }
}

describe('a shared clip', () => {
  beforeEach(() => void vi.stubGlobal('document', { body: { dataset: {} } }))
  afterEach(() => void vi.unstubAllGlobals())

  it('plays again where there is nothing live, and makes way when the room goes live', () => {
    const { live, video, expecting } = opened('upcoming')
    video.finish()
    expect(video.play).toHaveBeenCalledTimes(1)
    expect(live.clip).toBe(true)
    live.status = 'live'
    video.finish()
    expect(live).toMatchObject({ clip: false, replayed: '' })
    expect(expecting).toHaveBeenCalledWith({ live: true, slate: false })
    expect(video.play).toHaveBeenCalledTimes(1)
  })
})
