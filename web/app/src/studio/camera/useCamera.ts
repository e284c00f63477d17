/**
 * Camera, microphone and screen of this device: which there are, which are on, and how loud it is.
 *
 * `stream` is always what goes out; changing a device or the shape makes a new one.
 */
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import { fromCamera, fromScreen, type Captured } from './mix'
import { useLevel } from './useLevel'

export type Shape = 'portrait' | 'landscape'
export type Source = 'camera' | 'screen'
export type CameraProblem = 'insecure' | 'refused' | 'missing' | 'taken' | 'unknown'

const LONG = 1280
const SHORT = 720

function problemOf(cause: unknown): CameraProblem {
  const name = cause instanceof DOMException ? cause.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  return name === 'NotReadableError' || name === 'AbortError' ? 'taken' : 'unknown'
}

export function useCamera() {
  const stream = shallowRef<MediaStream | null>(null)
  const problem = ref<CameraProblem | null>(null)
  const cameras = shallowRef<MediaDeviceInfo[]>([])
  const microphones = shallowRef<MediaDeviceInfo[]>([])
  const camera = ref('')
  const microphone = ref('')
  const facing = ref<'user' | 'environment'>('user')
  const shape = ref<Shape>(matchMedia('(orientation: portrait)').matches ? 'portrait' : 'landscape')
  const source = ref<Source>('camera')
  const muted = ref(false)
  const { level, quiet, listen } = useLevel()
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === 'function'
  let asked = 0
  let captured: Captured | null = null

  function picture(): MediaTrackConstraints {
    const upright = shape.value === 'portrait'
    const device = camera.value ? { deviceId: { exact: camera.value } } : { facingMode: facing.value }
    return { ...device, width: { ideal: upright ? SHORT : LONG }, height: { ideal: upright ? LONG : SHORT }, frameRate: { ideal: 30 } }
  }

  function voice(): MediaTrackConstraints {
    const device = microphone.value ? { deviceId: { exact: microphone.value } } : {}
    return { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true }
  }

  async function capture(): Promise<Captured> {
    const { mediaDevices } = navigator
    if (source.value === 'camera') return fromCamera(await mediaDevices.getUserMedia({ video: picture(), audio: voice() }))
    const screen = await mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio: true })
    try {
      return fromScreen(screen, await mediaDevices.getUserMedia({ audio: voice() }))
    } catch (cause) {
      screen.getTracks().forEach((track) => track.stop())
      throw cause
    }
  }

  function release(): void {
    captured?.release()
    captured = null
    stream.value = null
  }

  /** Opens what is chosen; the old devices are let go first, since phones open one camera only. */
  async function open(): Promise<void> {
    const turn = ++asked
    problem.value = null
    if (!navigator.mediaDevices?.getUserMedia) {
      problem.value = 'insecure'
      return
    }
    if (source.value === 'camera') release()
    try {
      const fresh = await capture()
      if (turn !== asked) {
        fresh.release()
        return
      }
      release()
      use(fresh)
      await listDevices()
    } catch (cause) {
      if (turn !== asked) return
      problem.value = problemOf(cause)
      if (source.value === 'screen') source.value = 'camera'
    }
  }

  function use(fresh: Captured): void {
    captured = fresh
    for (const track of fresh.stream.getVideoTracks()) {
      track.contentHint = source.value === 'screen' ? 'detail' : 'motion'
      // The bar of the browser can end a shared screen at any time.
      track.onended = () => void choose({ source: 'camera' })
    }
    silence()
    stream.value = fresh.stream
    listen(fresh.stream)
  }

  async function listDevices(): Promise<void> {
    const found = await navigator.mediaDevices.enumerateDevices()
    cameras.value = found.filter((device) => device.kind === 'videoinput' && device.deviceId)
    microphones.value = found.filter((device) => device.kind === 'audioinput' && device.deviceId)
    const settings = captured?.voice[0]?.getSettings()
    if (!microphone.value && settings?.deviceId) microphone.value = settings.deviceId
  }

  interface Wish {
    camera?: string
    microphone?: string
    shape?: Shape
    source?: Source
  }

  function choose(wish: Wish): Promise<void> {
    if (wish.camera !== undefined) camera.value = wish.camera
    if (wish.microphone !== undefined) microphone.value = wish.microphone
    if (wish.shape) shape.value = wish.shape
    if (wish.source) source.value = wish.source
    return open()
  }

  function flip(): Promise<void> {
    facing.value = facing.value === 'user' ? 'environment' : 'user'
    return choose({ camera: '', source: 'camera' })
  }

  /** The microphone alone: what a shared screen plays goes on. */
  function silence(): void {
    captured?.voice.forEach((track) => (track.enabled = !muted.value))
  }

  function mute(): void {
    muted.value = !muted.value
    silence()
  }

  onBeforeUnmount(() => {
    asked++
    release()
  })

  return { stream, problem, cameras, microphones, camera, microphone, facing, shape, source, muted, level, quiet, canShare, open, choose, flip, mute }
}

export type Camera = ReturnType<typeof useCamera>
