/** How loud a stream is, 0 to 1, about twelve times a second; `quiet` after seconds of nothing. */
import { onBeforeUnmount, ref } from 'vue'

const EVERY_MS = 80
const QUIET_DB = -60
const QUIET_BELOW = 0.05
const QUIET_AFTER_MS = 4_000

export function useLevel() {
  const level = ref(0)
  const quiet = ref(false)
  let heardAt = 0
  let context: AudioContext | null = null
  let source: MediaStreamAudioSourceNode | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  function listen(stream: MediaStream): void {
    source?.disconnect()
    clearInterval(timer)
    level.value = 0
    quiet.value = false
    heardAt = performance.now()
    if (stream.getAudioTracks().length === 0) return
    context ??= new AudioContext()
    void context.resume()
    const ear = context.createAnalyser()
    ear.fftSize = 1024
    source = context.createMediaStreamSource(stream)
    source.connect(ear)
    const heard = new Float32Array(ear.fftSize)
    timer = setInterval(() => {
      ear.getFloatTimeDomainData(heard)
      const power = heard.reduce((sum, value) => sum + value * value, 0) / heard.length
      const db = 10 * Math.log10(power + 1e-9)
      level.value = Math.min(1, Math.max(0, 1 - db / QUIET_DB))
      if (level.value >= QUIET_BELOW) heardAt = performance.now()
      quiet.value = performance.now() - heardAt > QUIET_AFTER_MS
    }, EVERY_MS)
  }

  onBeforeUnmount(() => {
    clearInterval(timer)
    source?.disconnect()
    void context?.close()
  })

  return { level, quiet, listen }
}
