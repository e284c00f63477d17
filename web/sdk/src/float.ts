/** The picture in a small window above other apps, where the browser has one. */

type Floating = HTMLVideoElement & {
  webkitPresentationMode?: string
  webkitSupportsPresentationMode?(mode: string): boolean
  webkitSetPresentationMode?(mode: string): void
}

const SMALL = 'picture-in-picture'

export function canFloat(video: Floating): boolean {
  if (document.pictureInPictureEnabled) return 'requestPictureInPicture' in video
  return video.webkitSupportsPresentationMode?.(SMALL) ?? false
}

export function isFloating(video: Floating): boolean {
  return document.pictureInPictureElement === video || video.webkitPresentationMode === SMALL
}

/** Out or back; must be called from a tap. The document keeps the browser's own button away. */
export async function toggleFloat(video: Floating): Promise<void> {
  if (!document.pictureInPictureEnabled) {
    return video.webkitSetPresentationMode?.(isFloating(video) ? 'inline' : SMALL)
  }
  if (isFloating(video)) return document.exitPictureInPicture()
  video.disablePictureInPicture = false
  await video.requestPictureInPicture()
}

/** Neither watched nor listened to; a video the system paused only fills its buffer. */
export function isUnheeded(video: HTMLVideoElement): boolean {
  return video.paused || (video.muted && !isFloating(video))
}
