/**
 * Repeats a piece of work while the page is looked at, one at a time, slower after a problem.
 *
 * A hidden tab asks nothing; coming back asks at once. `lost` is true while answers fail.
 */
import { onScopeDispose, ref, type Ref } from 'vue'
import { isSignedOut } from './problems'

const SLOWER = 4

export function useWhileVisible(work: () => Promise<void>, everyMs: number): { lost: Ref<boolean> } {
  const lost = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = false
  let over = false

  function plan(): void {
    clearTimeout(timer)
    if (over || document.visibilityState === 'hidden') return
    timer = setTimeout(() => void once(), lost.value ? everyMs * SLOWER : everyMs)
  }

  async function once(): Promise<void> {
    if (running) return
    running = true
    try {
      await work()
      lost.value = false
    } catch (problem) {
      lost.value = true
      if (isSignedOut(problem)) throw problem
    } finally {
      running = false
      plan()
    }
  }

  function look(): void {
    if (document.visibilityState === 'hidden') clearTimeout(timer)
    else void once()
  }

  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
  })
  plan()
  return { lost }
}
