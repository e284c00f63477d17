/**
 * A picture on its way to the shop. The browser makes it small first: a phone's photo of 8 MB leaves
 * as a few hundred KB, and what only this phone can read (HEIC) leaves as a JPEG.
 */
const SIDE_MAX = 1600
const SENT_AS_IT_IS = 400_000
const QUALITY = 0.9

export async function smallEnough(file: Blob): Promise<Blob> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    return file // the server says what is wrong with it
  }
  const scale = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height))
  if (scale === 1 && file.size <= SENT_AS_IT_IS) {
    bitmap.close()
    return file
  }
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(bitmap.width * scale)
  canvas.height = Math.round(bitmap.height * scale)
  const pen = canvas.getContext('2d')!
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.imageSmoothingQuality = 'high'
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', QUALITY))
  return made ?? file
}
