/**
 * The studio's language: one ref, remembered in this browser, mirrored on `<html lang>`.
 *
 * `t` is reactive because it reads the ref; a template that calls it redraws on a switch.
 */
import { ref } from 'vue'
import { kept } from '../ui/kept'
import type { Lang } from '../ui/words'
import { isWord, say, type Vars, type WordKey } from './words'

const KEPT = 'yh_studio_lang'

function firstLang(): Lang {
  const wanted = kept.get(KEPT) || document.documentElement.lang || navigator.language
  return wanted.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}

export const lang = ref<Lang>(firstLang())
document.documentElement.lang = lang.value

export function setLang(next: Lang): void {
  lang.value = next
  document.documentElement.lang = next
  kept.set(KEPT, next)
}

export function t(key: WordKey, vars?: Vars): string {
  return say(lang.value, key, vars)
}

/** The title in the reader's language, falling back to the other one when it is empty. */
export function pick(zh: string | null | undefined, en: string | null | undefined): string {
  return (lang.value === 'en' ? en || zh : zh || en) ?? ''
}

/** A word whose key is put together from what the server said; its own text where we have none. */
export function told(prefix: string, code: string, otherwise: string = code): string {
  const key = `${prefix}.${code}`
  return isWord(key) ? t(key) : otherwise
}
