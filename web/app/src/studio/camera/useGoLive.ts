/**
 * From the check of the line to the end of the show, in one state.
 *
 * idle → checking → ready → starting → live; a lost line is `returning` for as long as the room
 * waits, trying again by itself; what the server refused, or another publisher replaced, is `over`.
 */
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import { createClient } from '@sdk/client'
import { YaoheError } from '@sdk/errors'
import type { Line } from '@sdk/line'
import type { Publishing, Sending, Way } from '@sdk/publishing'
import { api } from '../api'
import { isSignedOut } from '../problems'
import type { Camera } from './useCamera'

export type Stage = 'idle' | 'checking' | 'ready' | 'starting' | 'live' | 'returning' | 'over'

const VIDEO_KBPS = 2_500
const RETURN_FOR_MS = 60_000
const RETURN_EVERY_MS = 2_000
const FIGURES_MS = 2_000

export function useGoLive(roomId: string, camera: Camera) {
  const client = createClient()
  const stage = ref<Stage>('idle')
  const line = shallowRef<Line | null>(null)
  const sending = shallowRef<Sending | null>(null)
  const problem = shallowRef<YaoheError | null>(null)
  const since = ref(0)
  let publishing: Publishing | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let gone = false
  let turn = 0

  async function wish(): Promise<{ key: string; stream: MediaStream; videoKbps: number }> {
    const stream = camera.stream.value
    if (!stream) throw new YaoheError('no_camera', '')
    const { stream_key: key } = await api.ingest(roomId)
    return { key, stream, videoKbps: VIDEO_KBPS }
  }

  function failed(cause: unknown): void {
    if (!(cause instanceof YaoheError) || isSignedOut(cause)) throw cause
    problem.value = cause
    stage.value = 'over'
  }

  async function check(): Promise<void> {
    const mine = ++turn
    stage.value = 'checking'
    problem.value = null
    line.value = null
    try {
      const { checkLine } = await import('@sdk/line')
      const found = await checkLine(client, await wish())
      if (mine !== turn) return
      line.value = found
      stage.value = 'ready'
    } catch (cause) {
      if (mine === turn) failed(cause)
    }
  }

  async function open(way: Way): Promise<Publishing> {
    const asked = { ...(await wish()), ended }
    if (way === 'webrtc') return (await import('@sdk/whip')).publishByWhip(client, asked)
    return (await import('@sdk/socket-publish')).publishBySocket(client.baseUrl, asked)
  }

  async function start(): Promise<void> {
    const mine = ++turn
    stage.value = 'starting'
    problem.value = null
    try {
      await api.letIn(roomId)
      const opened = await open(line.value?.way ?? 'webrtc')
      if (mine !== turn || gone) return await opened.stop()
      publishing = opened
      since.value = Date.now()
      stage.value = 'live'
      void follow()
    } catch (cause) {
      if (mine === turn) failed(cause)
    }
  }

  /** The connection ended by itself: with a reason it is over, without one we try again. */
  function ended(why: YaoheError | null): void {
    publishing = null
    clearTimeout(timer)
    if (gone) return
    sending.value = null
    if (why) {
      problem.value = why
      stage.value = 'over'
    } else void comeBack(++turn, Date.now())
  }

  async function comeBack(mine: number, lostAt: number): Promise<void> {
    stage.value = 'returning'
    while (mine === turn && !gone) {
      try {
        const opened = await open(line.value?.way ?? 'webrtc')
        if (mine !== turn || gone) return await opened.stop()
        publishing = opened
        stage.value = 'live'
        return await follow()
      } catch (cause) {
        const late = Date.now() - lostAt > RETURN_FOR_MS
        const passing = cause instanceof YaoheError && ['offline', 'timeout', 'udp_blocked', 'try_again', 'engine_down', 'busy'].includes(cause.code)
        if (late || !passing) return failed(cause)
      }
      await new Promise((done) => setTimeout(done, RETURN_EVERY_MS))
    }
  }

  async function follow(): Promise<void> {
    clearTimeout(timer)
    if (!publishing) return
    sending.value = await publishing.sending()
    timer = setTimeout(() => void follow(), FIGURES_MS)
  }

  async function stop(): Promise<void> {
    turn++
    clearTimeout(timer)
    const running = publishing
    publishing = null
    sending.value = null
    stage.value = line.value ? 'ready' : 'idle'
    await running?.stop()
  }

  watch(camera.stream, (stream) => {
    if (stream) void publishing?.replace(stream)
  })

  onBeforeUnmount(() => {
    gone = true
    void stop()
  })

  return { stage, line, sending, problem, since, check, start, stop }
}
