/** Whether the thumb keys lie mirrored for the left hand; remembered in this browser. */
import { ref } from 'vue'
import { kept } from '../../ui/kept'

const KEPT = 'yh_studio_left'

export const mirrored = ref(kept.get(KEPT) === '1')

export function toggleMirror(): void {
  mirrored.value = !mirrored.value
  kept.set(KEPT, mirrored.value ? '1' : '0')
}
