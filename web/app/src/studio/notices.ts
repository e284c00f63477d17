/** One short line at the foot of the screen about what was just done, with an optional undo. */
import { shallowRef } from 'vue'

export interface Notice {
  id: number
  text: string
  undo?: () => void
}

const SHOWN_MS = 5000
let last = 0
let timer: ReturnType<typeof setTimeout> | undefined

export const notice = shallowRef<Notice | null>(null)

export function tell(text: string, undo?: () => void): void {
  clearTimeout(timer)
  notice.value = { id: ++last, text, ...(undo ? { undo } : {}) }
  timer = setTimeout(dismiss, SHOWN_MS)
}

export function dismiss(): void {
  clearTimeout(timer)
  notice.value = null
}
