/** What this device can do with a share: copy, save, its own share sheet; and what was used last. */
import { systemShareData, type Share } from '@sdk/share'
import { kept } from '../ui/kept'

const agent = navigator.userAgent
const isApple = /iPhone|iPad|iPod/.test(agent) || (/Mac/.test(agent) && navigator.maxTouchPoints > 1)
const inApp = /MicroMessenger|QQ\/|Weibo|aweme/.test(agent)
const LAST = 'yh.share.last'

function testFiles(name: string, type: string): boolean {
  try {
    const probe = new File([new Uint8Array(1)], name, { type })
    return navigator.canShare?.({ files: [probe] }) ?? false
  } catch {
    return false
  }
}

export const device = {
  isApple,
  canSystemShare: typeof navigator.share === 'function',
  canShareFiles: testFiles('card.jpg', 'image/jpeg'),
  canShareVideos: testFiles('clip.mp4', 'video/mp4'),
  canSave: !inApp,
  /** No downloads there: a picture is saved by holding it. */
  savesByHolding: isApple || inApp,
}

/** cancelled: closed without choosing, which is no error · refused: there is no way through. */
export type Handed = 'handed' | 'cancelled' | 'refused'

export async function systemShare(share: Pick<Share, 'text' | 'url'>, file: File | null): Promise<Handed> {
  try {
    await navigator.share(systemShareData(share, file, device))
    return 'handed'
  } catch (error) {
    return (error as DOMException).name === 'AbortError' ? 'cancelled' : 'refused'
  }
}

export function saveFile(file: File): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = file.name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** The channel used last on this device, or nothing. */
export function lastUsed(): string {
  return kept.get(LAST) ?? ''
}

export function rememberUsed(channel: string): void {
  kept.set(LAST, channel)
}
