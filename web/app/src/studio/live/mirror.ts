/** Whether the thumb keys lie mirrored for the left hand; remembered in this browser. */
import { ref } from 'vue'

const KEPT = 'yh_studio_left'

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT) === '1'
  } catch {
    return false
  }
}

export const mirrored = ref(kept())

export function toggleMirror(): void {
  mirrored.value = !mirrored.value
  try {
    localStorage.setItem(KEPT, mirrored.value ? '1' : '0')
  } catch {
    /* then it lasts until the page is closed */
  }
}
