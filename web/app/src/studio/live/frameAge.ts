/** How old the last frame is, in words; under two seconds it is simply "just now". */
import { t } from '../lang'

export function frameAge(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1000)
  return seconds < 2 ? t('time.just_now') : t('time.seconds_ago', { n: seconds })
}
