/**
 * The ways a share can leave this page: which there are on this device, what each does when it is
 * pressed and what the friend will see of it. Pure, but for the glyphs.
 */
import {
  IconBrandTelegram, IconBrandWechat, IconBrandWeibo, IconBrandWhatsapp, IconBrandX, IconDots, IconLink, IconPhotoDown,
} from '@tabler/icons-vue'
import type { Component } from 'vue'
import type { Channel } from '@sdk/share'
import type { WordKey } from '../ui/words'

export type Tab = 'moment' | 'poster' | 'link'
export type Way = 'copy' | 'save' | 'hint' | 'system' | 'open'
/** What travels: the card (drawn by the other side from the link, or as a file), the poster with
 * its QR code, or nothing but the words and the link. */
export type Shows = 'card' | 'poster' | 'link'

export interface ChannelChoice {
  id: Channel
  icon: Component
  label: WordKey
  action: WordKey
  way: Way
  /** The preview; for a picture also exactly what is saved or handed on. */
  shows: Shows
  /** The other side cuts the card to this shape. */
  cut: '2:1' | ''
}

export interface Surroundings {
  lang: 'zh-CN' | 'en'
  inWechat: boolean
  canSystemShare: boolean
  canShareFiles: boolean
  isApple: boolean
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

function choice(id: Channel, tab: Tab, around: Surroundings): ChannelChoice {
  const { icon, action, way } = means(id, tab, around)
  const label = `share.channel.${id}` as WordKey
  return { id, icon, label, action, way, shows: shown(id, way, tab, around), cut: id === 'x' && tab === 'moment' ? '2:1' : '' }
}

function shown(id: Channel, way: Way, tab: Tab, { canShareFiles, isApple }: Surroundings): Shows {
  if (tab === 'link') return 'link'
  if (tab === 'poster' || (id === 'wechat' && way === 'save')) return 'poster'
  // WeChat's own menu sends the page: its title and address, none of our pictures.
  if (way === 'hint' || (way === 'system' && !canShareFiles)) return 'link'
  // Apple drops the words beside a file, so the file has to carry the way to the room itself.
  return way === 'system' && isApple ? 'poster' : 'card'
}

function means(id: Channel, tab: Tab, { inWechat }: Surroundings): Pick<ChannelChoice, 'icon' | 'action' | 'way'> {
  switch (id) {
    case 'copy_link':
      return { icon: IconLink, action: 'share.do.copy_link', way: 'copy' }
    case 'save_card':
      return { icon: IconPhotoDown, action: tab === 'poster' ? 'share.do.save_poster' : 'share.do.save_card', way: 'save' }
    case 'system':
      return { icon: IconDots, action: 'share.do.system', way: 'system' }
    case 'wechat':
      // A page cannot open WeChat's menu: inside it we point there, outside the poster travels.
      if (inWechat && tab !== 'poster') return { icon: IconBrandWechat, action: 'share.do.wechat', way: 'hint' }
      return { icon: IconBrandWechat, action: 'share.do.save_poster', way: 'save' }
    case 'weibo':
      return { icon: IconBrandWeibo, action: 'share.do.weibo', way: 'open' }
    case 'x':
      return { icon: IconBrandX, action: 'share.do.x', way: 'open' }
    case 'whatsapp':
      return { icon: IconBrandWhatsapp, action: 'share.do.whatsapp', way: 'open' }
    case 'telegram':
      return { icon: IconBrandTelegram, action: 'share.do.telegram', way: 'open' }
  }
}
