/** Keeps the last picture under the element while its source is exchanged. */
export function holdPicture(video: HTMLVideoElement): void {
  if (video.readyState < 2 || !video.videoWidth) return
  let still = video.parentElement?.querySelector<HTMLCanvasElement>('canvas.y-poster')
  if (!still) {
    still = document.createElement('canvas')
    still.className = 'y-poster'
    video.before(still)
  }
  still.width = video.videoWidth
  still.height = video.videoHeight
  still.getContext('2d')?.drawImage(video, 0, 0)
}
