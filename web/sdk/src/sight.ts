/**
 * Whether somebody can see the page. One listener style for the player, which sleeps out of sight,
 * and for the watch ticks, which count only what is seen.
 */

export interface SightNews {
  seen(): void
  /** Told only after the page has been out of sight for the given time. */
  unseen(): void
}

export function watchSight(afterMs: number, news: SightNews): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const changed = (): void => {
    clearTimeout(timer)
    if (document.visibilityState === 'visible') news.seen()
    else if (afterMs <= 0) news.unseen()
    else timer = setTimeout(() => news.unseen(), afterMs)
  }
  document.addEventListener('visibilitychange', changed)
  return () => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', changed)
  }
}

export function whenOnline(act: () => unknown): () => void {
  addEventListener('online', act)
  return () => removeEventListener('online', act)
}

export function every(ms: number, act: () => unknown): () => void {
  const timer = setInterval(act, ms)
  return () => clearInterval(timer)
}

export interface VideoNews {
  /** The picture moves. */
  shown(): unknown
  /** It ran out of picture. */
  starved(): unknown
  sound(): unknown
  /** The bytes cannot be decoded. */
  broken(): unknown
  /** The system paused a live video in plain sight. */
  paused(): unknown
  /** Somebody pressed play where the page cannot see it: in the small window, on the headset. */
  resumed(): unknown
}

export function watchVideo(video: HTMLVideoElement, news: VideoNews): void {
  video.addEventListener('playing', () => news.shown())
  video.addEventListener('waiting', () => video.seeking || news.starved())
  video.addEventListener('volumechange', () => news.sound())
  video.addEventListener('error', () => video.error && news.broken())
  video.addEventListener('play', () => news.resumed())
  video.addEventListener('pause', () => document.visibilityState === 'visible' && news.paused())
}

/** Plays; false when the browser wants a tap first. Sound that is not allowed is given up first. */
export async function startVideo(video: HTMLVideoElement): Promise<boolean> {
  for (;;) {
    try {
      await video.play()
      return true
    } catch (error) {
      // Any other refusal only says that a newer source replaced this one.
      if ((error as DOMException).name !== 'NotAllowedError') return true
      if (video.muted) return false
      video.muted = true
    }
  }
}
