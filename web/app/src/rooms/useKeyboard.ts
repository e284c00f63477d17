/**
 * The phone's keyboard covers the page instead of resizing it: while somebody writes, the foot of
 * the room follows the visual viewport. Answers through two CSS hooks on the body.
 */
import { onUnmounted, watch, type Ref } from 'vue'

export function useKeyboard(writing: Ref<boolean>): void {
  const viewport = window.visualViewport
  const body = document.body

  function fit(): void {
    const covered = viewport ? Math.max(0, innerHeight - viewport.height - viewport.offsetTop) : 0
    body.style.setProperty('--keyboard', `${Math.round(covered)}px`)
    body.dataset.keyboard = writing.value && covered > 80 ? '1' : ''
  }

  watch(writing, fit)
  viewport?.addEventListener('resize', fit)
  viewport?.addEventListener('scroll', fit)
  onUnmounted(() => {
    viewport?.removeEventListener('resize', fit)
    viewport?.removeEventListener('scroll', fit)
  })
}
