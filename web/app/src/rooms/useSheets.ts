/**
 * Which sheet is open. Opening one adds a step to the history, so that the phone's back key closes
 * the sheet and not the room.
 */
import { ref, shallowRef } from 'vue'

export type SheetName = 'share' | 'bag' | 'product' | 'cart' | 'checkout' | 'buy' | 'order' | 'orders' | 'messages' | 'aftersale' | 'reviews' | 'shares' | 'more' | 'help' | 'line' | 'blocks' | 'follows' | 'quality' | 'data' | 'leave'

export interface OpenSheet {
  name: SheetName
  id?: string
}

export function useSheets() {
  const open = shallowRef<OpenSheet | null>(null)
  /** True while a closed sheet is still sliding down. */
  const shown = ref(false)
  let steps = 0

  function show(name: SheetName, id?: string): void {
    open.value = { name, id }
    shown.value = true
    if (steps === 0) {
      steps = 1
      history.pushState({ sheet: name }, '')
    }
  }

  function close(): void {
    shown.value = false
    if (steps) {
      steps = 0
      history.back()
    }
  }

  addEventListener('popstate', () => {
    steps = 0
    shown.value = false
  })

  return { open, shown, show, close }
}

export type Sheets = ReturnType<typeof useSheets>
