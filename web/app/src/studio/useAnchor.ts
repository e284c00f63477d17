/**
 * Keeps the part of a page that its address names on screen while the parts above it come in, until
 * somebody scrolls or types. The router looks only once, when the page is still short.
 */
import { onMounted, onUnmounted } from 'vue'
import { useRoute } from 'vue-router'

/** What stands above a part: the bar of the page, and a little air. */
export const ABOVE_PX = 72
const HANDS = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const

export function useAnchor(): void {
  const { hash } = useRoute()
  const seen = new ResizeObserver(() => {
    const part = document.querySelector(hash)
    if (part) scrollTo({ top: part.getBoundingClientRect().top + scrollY - ABOVE_PX })
  })
  const stop = (): void => {
    seen.disconnect()
    HANDS.forEach((name) => removeEventListener(name, stop))
  }
  onMounted(() => {
    const page = document.querySelector('.s-page')
    if (!hash || !page) return
    seen.observe(page)
    HANDS.forEach((name) => addEventListener(name, stop, { passive: true }))
  })
  onUnmounted(stop)
}
