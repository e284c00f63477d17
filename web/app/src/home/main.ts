/**
 * The list of rooms works without this file. It says times in the reader's own zone and keeps the
 * pictures of live rooms fresh while somebody looks.
 */
import { moment } from '../ui/numbers'
import { asLang } from '../ui/words'

const REFRESH_MS = 20_000
const lang = asLang(document.documentElement.lang)

for (const time of document.querySelectorAll<HTMLTimeElement>('time[datetime]')) {
  if (time.dateTime) time.textContent = moment(time.dateTime, lang, new Date())
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
