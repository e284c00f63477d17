/** What this device can do with a share: copy, save, its own share sheet. */
import { systemShareData, type Share } from '@sdk/share'

const agent = navigator.userAgent
const isApple = /iPhone|iPad|iPod/.test(agent) || (/Mac/.test(agent) && navigator.maxTouchPoints > 1)
const inApp = /MicroMessenger|QQ\/|Weibo|aweme/.test(agent)

function testFiles(): boolean {
  try {
    const probe = new File([new Uint8Array(1)], 'card.jpg', { type: 'image/jpeg' })
    return navigator.canShare?.({ files: [probe] }) ?? false
  } catch {
    return false
  }
}

export const device = {
  isApple,
  /** WeChat's browser plans for none of it. */
  canSystemShare: typeof navigator.share === 'function' && !/MicroMessenger/.test(agent),
  canShareFiles: testFiles(),
  /** No downloads there: a picture is saved by holding it. */
  savesByHolding: isApple || inApp,
}

export async function systemShare(share: Share, file: File | null): Promise<boolean> {
  try {
    await navigator.share(systemShareData(share, file, device))
    return true
  } catch {
    return false // closed without choosing; nothing to say about it
  }
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyOldWay(text)
  }
}

/** Plain HTTP on a local network has no clipboard API. */
function copyOldWay(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.className = 'y-sr'
  document.body.append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  return done
}

export function saveFile(file: File): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = file.name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
