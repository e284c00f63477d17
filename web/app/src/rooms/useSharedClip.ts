/**
 * The clip that was shared plays first, at once; then, or when asked, what is live. After a show it
 * plays again and again until the replay is asked for.
 */
import type { BootData } from '@sdk/events'
import type { Room } from '@sdk/room'

interface Shown {
  status: string
  slate: boolean
  clip: boolean
  replayed: string
}

export function useSharedClip(boot: BootData, room: Room, live: Shown, video: HTMLVideoElement) {
  const share = boot.share?.clip ? boot.share : null

  function show(on: boolean): void {
    live.clip = on
    live.replayed = on ? (share?.product ?? '') : ''
    document.body.dataset.clip = on ? '1' : ''
    if (!on) video.loop = false
  }

  /** Back to what the room shows by itself. */
  function leave(): void {
    if (!live.clip) return
    show(false)
    room.player.expect({ live: live.status === 'live', slate: live.slate })
  }

  function over(): void {
    if (!live.clip) return // it was the replay that ended
    if (live.status === 'live') leave()
    else void video.play()
  }

  if (share) {
    show(true)
    // Without a show to go on with, the clip is all there is.
    video.loop = live.status !== 'live'
    video.addEventListener('ended', over)
    video.addEventListener('error', leave, { once: true })
    if (video.error) leave()
  }

  return { leave }
}
