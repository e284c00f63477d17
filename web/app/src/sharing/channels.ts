/**
 * The ways a share can leave this page: which there are on this device, what each does when it is
 * pressed and how its card is cut. Pure, but for the glyphs.
 */
import {
  IconBrandTelegram, IconBrandWechat, IconBrandWeibo, IconBrandWhatsapp, IconBrandX, IconDots, IconLink, IconPhotoDown,
} from '@tabler/icons-vue'
import type { Component } from 'vue'
import type { Channel } from '@sdk/share'
import type { WordKey } from '../ui/words'

export type Tab = 'moment' | 'poster' | 'link'
export type Way = 'copy' | 'save' | 'poster' | 'hint' | 'system' | 'open'

export interface ChannelChoice {
  id: Channel
  icon: Component
  label: WordKey
  action: WordKey
  /** Width to height of the card there; the preview shows the cut. */
  ratio: number
  ratioName: string
  way: Way
}

interface Surroundings {
  lang: 'zh-CN' | 'en'
  inWechat: boolean
  canSystemShare: boolean
}

const CHINESE: Channel[] = ['wechat', 'copy_link', 'save_card', 'weibo', 'system', 'x', 'whatsapp', 'telegram']
const ENGLISH: Channel[] = ['copy_link', 'whatsapp', 'system', 'save_card', 'x', 'telegram', 'wechat', 'weibo']

export function channelsFor(tab: Tab, around: Surroundings): ChannelChoice[] {
  const order = around.lang === 'zh-CN' ? CHINESE : ENGLISH
  return order
    .filter((id) => id !== 'system' || around.canSystemShare)
    .filter((id) => tab !== 'poster' || id === 'save_card' || id === 'wechat' || id === 'system')
    .filter((id) => tab !== 'link' || (id !== 'save_card' && (id !== 'wechat' || around.inWechat)))
    .map((id) => choice(id, tab, around))
}

function choice(id: Channel, tab: Tab, { inWechat }: Surroundings): ChannelChoice {
  const poster = tab === 'poster'
  switch (id) {
    case 'copy_link':
      return make(id, IconLink, 'share.do.copy_link', 'copy')
    case 'save_card':
      return make(id, IconPhotoDown, poster ? 'share.do.save_poster' : 'share.do.save_card', 'save')
    case 'system':
      return make(id, IconDots, 'share.do.system', 'system')
    case 'wechat':
      // A page cannot open WeChat's menu: inside it we point there, outside the poster travels.
      return { ...make(id, IconBrandWechat, inWechat ? 'share.do.wechat' : 'share.do.save_poster', inWechat ? 'hint' : 'poster'), ratio: 5 / 4, ratioName: '5:4' }
    case 'weibo':
      return make(id, IconBrandWeibo, 'share.do.weibo', 'open')
    case 'x':
      return { ...make(id, IconBrandX, 'share.do.x', 'open'), ratio: 2, ratioName: '2:1' }
    case 'whatsapp':
      return make(id, IconBrandWhatsapp, 'share.do.whatsapp', 'open')
    case 'telegram':
      return make(id, IconBrandTelegram, 'share.do.telegram', 'open')
  }
}

function make(id: Channel, icon: Component, action: WordKey, way: Way): ChannelChoice {
  const label = `share.channel.${id}` as WordKey
  return { id, icon, label, action, ratio: 1200 / 630, ratioName: '1.91:1', way }
}
