/**
 * The studio's words, zh-CN first, English second, one table per page.
 *
 * `{name}` is filled in; an English text with "|" has a singular and a plural, chosen by `n`.
 */
import type { Lang } from '../../ui/words'
import { aftersales } from './aftersales'
import { bills } from './bills'
import { camera } from './camera'
import { channels } from './channels'
import { chrome } from './chrome'
import { developers } from './developers'
import { doctor } from './doctor'
import { following } from './following'
import { invitations } from './invitations'
import { links } from './links'
import { live } from './live'
import { messages } from './messages'
import { moderation } from './moderation'
import { playback } from './playback'
import { plays } from './plays'
import { reports } from './reports'
import { reviews } from './reviews'
import { settings } from './settings'
import { shop } from './shop'
import { shopPage } from './shopPage'
import { webhooks } from './webhooks'
import { wechat } from './wechat'

export type Pair = readonly [zh: string, en: string]
export type Vars = Readonly<Record<string, string | number>>

export const words = { ...chrome, ...aftersales, ...bills, ...camera, ...channels, ...developers, ...doctor, ...following, ...invitations, ...links, ...live, ...messages, ...moderation, ...playback, ...shop, ...plays, ...reports, ...reviews, ...settings, ...shopPage, ...webhooks, ...wechat } as const
export type WordKey = keyof typeof words

export function isWord(key: string): key is WordKey {
  return Object.hasOwn(words, key)
}

export function say(lang: Lang, key: WordKey, vars: Vars = {}): string {
  const text = words[key][lang === 'en' ? 1 : 0]
  const forms = text.split('|')
  const chosen = forms.length === 2 && Number(vars.n) !== 1 ? forms[1] : forms[0]
  return (chosen ?? text).replace(/\{(\w+)\}/g, (_, name: string) => numbered(lang, vars[name]))
}

function numbered(lang: Lang, value: string | number | undefined): string {
  if (typeof value === 'number') return new Intl.NumberFormat(lang).format(value)
  return value ?? ''
}
