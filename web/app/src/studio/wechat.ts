/** What is wrong with the shop's account at WeChat, each thing once, with the sentence that mends it. */
import { t } from './lang'
import { isWord } from './words'

/** An account of the shop's at WeChat, and what WeChat does not give it. */
export interface WechatConnection {
  kind: 'official'
  app_id: string
  troubles: { name: string; kind: string; until: string }[]
}

export function troubleKinds(connections: readonly WechatConnection[]): string[] {
  return [...new Set(connections.flatMap(one => one.troubles.map(trouble => trouble.kind)))]
}

export function troubleText(kind: string): string {
  const key = `wechat.trouble.${kind}`
  return t(isWord(key) ? key : 'wechat.trouble.other')
}

/** Whether `kind` is a number or word of WeChat's own, worth showing to who looks it up. */
export function isWechatsWord(kind: string): boolean {
  return kind !== 'away' && kind !== 'quota'
}
