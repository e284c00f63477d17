/** Times of the studio: a shared ticking now, and moments as text in the reader's language. */
import { onScopeDispose, ref, type Ref } from 'vue'
import { clock, moment } from '../ui/numbers'
import { lang, t } from './lang'

/** A now that moves once a second while somebody uses it. */
export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), everyMs)
  onScopeDispose(() => clearInterval(timer))
  return now
}

export function when(iso: string | null | undefined): string {
  return iso ? moment(iso, lang.value, new Date()) : t('common.none')
}

/** How long since, as a clock; days are said in words. */
export function since(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000)
  return seconds >= 86_400 ? t('time.days', { n: Math.floor(seconds / 86_400) }) : clock(seconds)
}

export function watched(ms: number): string {
  return ms > 0 ? clock(ms / 1000) : t('common.none')
}
