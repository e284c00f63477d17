/** While it is on air the screen stays on, leaving asks first, and the clock ticks. */
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'

export function useAwake(onAir: Ref<boolean>): Ref<number> {
  const now = ref(Date.now())
  let lock: WakeLockSentinel | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  const ask = (event: BeforeUnloadEvent): void => event.preventDefault()

  async function hold(): Promise<void> {
    if (document.visibilityState !== 'visible' || !navigator.wakeLock) return
    // Refused on low battery: then the phone's own setting decides.
    lock = await navigator.wakeLock.request('screen').catch(() => null)
  }

  function on(): void {
    timer = setInterval(() => (now.value = Date.now()), 1000)
    addEventListener('beforeunload', ask)
    // The lock is lost with every hiding of the page.
    document.addEventListener('visibilitychange', hold)
    void hold()
  }

  function off(): void {
    clearInterval(timer)
    removeEventListener('beforeunload', ask)
    document.removeEventListener('visibilitychange', hold)
    void lock?.release()
    lock = null
  }

  watch(onAir, (is) => (is ? on() : off()))
  onBeforeUnmount(off)
  return now
}
