/**
 * What each channel does when it is pressed here and what the friend will see of it. The server has
 * chosen and ordered the channels; this knows the tab, the device and what was used last. Pure.
 */
import type { PictureName, ShareChannel } from '@sdk/channels'
import type { WordKey } from '../ui/words'

export type Tab = 'moment' | 'clip' | 'poster' | 'link'
export type Way = 'copy' | 'save' | 'hint' | 'system' | 'open' | 'app' | 'paste' | 'post' | 'embed'
/** What travels: one of our pictures, the clip, or nothing but the words and the link. */
export type Shows = PictureName | 'link' | 'clip'

export interface ChannelChoice {
  channel: ShareChannel
  id: string
  action: WordKey
  way: Way
  /** The preview; for a picture also exactly what is saved or handed on. */
  shows: Shows
  /** The other side cuts the picture to this shape. */
  cut: string
  /** The picture goes out as a file: it has to be there before the tap. */
  isFile: boolean
  /** Words of ours go along and may be changed. */
  hasWords: boolean
}

export interface Surroundings {
  canSystemShare: boolean
  canShareFiles: boolean
  canShareVideos: boolean
  /** Files can be downloaded; in an app's own browser they cannot. */
  canSave: boolean
  isApple: boolean
  /** The channel used last, "" none. */
  last: string
}

const HANDS_ON_POSTERS = new Set(['poster', 'menu'])

export function choicesFor(tab: Tab, channels: ShareChannel[], around: Surroundings): ChannelChoice[] {
  const found = channels.filter((one) => fits(one, tab, around)).map((one) => choice(one, tab, around))
  const last = found.findIndex(({ id }) => id === around.last)
  if (last > 0) found.unshift(...found.splice(last, 1))
  return found
}

function fits({ opens, takes, id }: ShareChannel, tab: Tab, around: Surroundings): boolean {
  if (opens === 'system' && !around.canSystemShare) return false
  if (tab === 'clip') return takes.includes('clip') && (around.canSave || (opens !== 'save' && opens !== 'picture'))
  if (tab === 'poster') return takes.includes('poster') && (HANDS_ON_POSTERS.has(opens) || opens === 'system')
  if (tab === 'link') return takes.includes('link') && opens !== 'poster' && opens !== 'picture' && opens !== 'save'
  return takes.includes('card') && id !== 'qr_poster'
}

function choice(channel: ShareChannel, tab: Tab, around: Surroundings): ChannelChoice {
  const { way, action } = means(channel, tab)
  const shows = shown(channel, way, tab, around)
  const hasWords = channel.text_max > 0 && ['open', 'app', 'paste', 'post', 'system'].includes(way)
  const isFile = way === 'save' || way === 'post' || (way === 'system' && hasFile(shows, around))
  const cut = tab === 'moment' && shows !== 'poster' ? channel.cut : ''
  // Apple drops the words beside a file.
  const drops = isFile && way === 'system' && around.isApple
  return { channel, id: channel.id, action, way, shows, cut, isFile, hasWords: hasWords && !drops }
}

function shown(channel: ShareChannel, way: Way, tab: Tab, { canShareFiles, isApple }: Surroundings): Shows {
  if (tab === 'clip') return 'clip'
  if (tab === 'link') return 'link'
  if (tab === 'poster' || (way === 'save' && channel.opens === 'poster')) return 'poster'
  // An app's own menu sends the page: its title and address, none of our pictures.
  if (way === 'hint' || (way === 'system' && !canShareFiles)) return 'link'
  // Apple drops the words beside a file, so the file has to carry the way to the room itself.
  return way === 'system' && isApple ? 'poster' : channel.picture
}

/** Whether the device's own sheet gets a file: with a clip from Apple the link would be lost. */
function hasFile(shows: Shows, { canShareVideos, isApple }: Surroundings): boolean {
  return shows === 'clip' ? canShareVideos && !isApple : shows !== 'link'
}

function means({ opens }: ShareChannel, tab: Tab): Pick<ChannelChoice, 'way' | 'action'> {
  switch (opens) {
    case 'clipboard':
      return { way: 'copy', action: 'share.do.copy_link' }
    case 'embed':
      return { way: 'embed', action: 'share.do.embed' }
    case 'save':
      return { way: 'save', action: tab === 'clip' ? 'share.do.save_clip' : 'share.do.save_card' }
    case 'poster':
      return { way: 'save', action: 'share.do.save_poster' }
    case 'menu':
      return tab === 'poster' ? { way: 'save', action: 'share.do.save_poster' } : { way: 'hint', action: 'share.do.menu' }
    case 'picture':
      return { way: 'post', action: tab === 'clip' ? 'share.do.clip' : 'share.do.picture' }
    case 'system':
      return { way: 'system', action: 'share.do.system' }
    case 'intent':
      return { way: 'open', action: 'share.do.intent' }
    case 'app':
      return { way: 'app', action: 'share.do.app' }
    default:
      return { way: 'paste', action: 'share.do.paste' }
  }
}
