/**
 * The words of every page, in both languages, by key. One JSON file per language holds them all;
 * the server fills its documents from the same files. `{name}` in a sentence is replaced.
 */
import en from './words/en.json'
import zh from './words/zh-CN.json'

export type Lang = 'zh-CN' | 'en'
export type WordKey = keyof typeof zh
export type Words = (key: WordKey, values?: Record<string, string | number>) => string

const tables: Record<Lang, Record<WordKey, string>> = { 'zh-CN': zh, en }

export function asLang(tag: string | null | undefined): Lang {
  return tag?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

/** Answers a function that speaks one language. */
export function speak(lang: Lang): Words {
  const table = tables[lang]
  return (key, values) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values?.[name]
      return value === undefined ? whole : String(value)
    })
}
