/** How old the last frame is, in words; under two seconds it is simply "just now". */
import { t } from '../lang'

export function frameAge(iso: string | null, now: number): string {
  if (!iso) return t('common.none')
  const seconds = Math.floor((now - Date.parse(iso)) / 1000)
  return seconds < 2 ? t('time.just_now') : t('time.seconds_ago', { n: seconds })
}
