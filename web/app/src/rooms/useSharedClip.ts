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
  }

  /** Back to what the room shows by itself. */
  function leave(): void {
    if (!live.clip) return
    show(false)
    room.player.expect({ live: live.status === 'live', slate: live.slate })
  }

  /** Asked at each end: a room may go live while its clip plays. */
  function over(): void {
    if (!live.clip) return // it was the replay that ended
    if (live.status === 'live') leave()
    else void video.play()
  }

  if (share) {
    show(true)
    video.addEventListener('ended', over)
    video.addEventListener('error', leave, { once: true })
    if (video.error) leave()
  }

  return { leave }
}
