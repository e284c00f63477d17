/**
 * The list of rooms works without this file. It says times in the reader's own zone and keeps the
 * pictures of live rooms fresh while somebody looks.
 */
import { showTime } from '../ui/numbers'
import { asLang } from '../ui/words'

const REFRESH_MS = 20_000
const lang = asLang(document.documentElement.lang)

for (const time of document.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
  if (!time.dateTime) continue
  const zone = time.parentElement?.querySelector('.y-zone')
  const told = showTime(time.dateTime, zone?.textContent ?? '', lang)
  time.textContent = told.when
  // What is over names no zone.
  if (zone?.textContent) zone.textContent = told.zone
}

/** A picture that is not there (yet) leaves its quiet ground. */
for (const picture of document.querySelectorAll<HTMLImageElement>('.y-card-picture img')) {
  const hide = (): void => void (picture.hidden = true)
  picture.addEventListener('error', hide)
  picture.addEventListener('load', () => (picture.hidden = false))
  if (picture.complete && !picture.naturalWidth) hide()
}

setInterval(() => {
  if (document.visibilityState !== 'visible') return
  for (const picture of document.querySelectorAll<HTMLImageElement>('.y-live .y-card-picture img')) {
    const url = new URL(picture.src)
    url.searchParams.set('at', String(Math.floor(Date.now() / REFRESH_MS)))
    picture.src = url.href
  }
}, REFRESH_MS)
