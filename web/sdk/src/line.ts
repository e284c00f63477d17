/**
 * The network check before going live: which way works from here, and how good it is.
 *
 * WebRTC is tried with the real camera, so that what is measured is what will be sent; where UDP
 * does not come through, the WebSocket is filled for two seconds instead.
 */
import type { Client } from './client'
import { canEncode, Kind } from './encoders'
import { YaoheError } from './errors'
import type { PublishWish, Way } from './publishing'
import { PublishSocket } from './socket-publish'
import { publishByWhip } from './whip'

const MEASURE_MS = 3_000
const FILL_MS = 2_000
const FILL_BYTES = 32 * 1024
const FILL_AHEAD_BYTES = 512 * 1024

export type Quality = 'good' | 'weak' | 'bad'

export interface Line {
  way: Way
  quality: Quality
  kbps: number
  rttMs: number | null
}

const rest = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

export function judged(way: Way, kbps: number, rttMs: number | null, lost: number | null, wantedKbps: number): Quality {
  if (kbps < wantedKbps * 0.2 || (lost ?? 0) > 0.12) return 'bad'
  const enough = way === 'webrtc' ? wantedKbps * 0.4 : wantedKbps * 1.2
  if (kbps < enough || (rttMs ?? 0) > 400 || (lost ?? 0) > 0.04) return 'weak'
  return 'good'
}

export async function checkLine(client: Client, wish: Omit<PublishWish, 'ended'>): Promise<Line> {
  try {
    const trial = await publishByWhip(client, { ...wish, check: true, ended: () => undefined })
    await trial.sending()
    await rest(MEASURE_MS)
    const { kbps: sent, roomKbps, rttMs, lost } = await trial.sending()
    await trial.stop()
    const kbps = roomKbps ?? sent
    return { way: 'webrtc', kbps, rttMs, quality: judged('webrtc', kbps, rttMs, lost, wish.videoKbps) }
  } catch (problem) {
    // A wrong key or a full server is no matter of the line.
    if (!(problem instanceof YaoheError) || problem.code !== 'udp_blocked') throw problem
    if (!canEncode()) throw new YaoheError('encoder_missing', 'UDP is blocked here, and this browser cannot publish without it.')
  }
  return fillSocket(client.baseUrl, wish)
}

async function fillSocket(baseUrl: string, wish: Omit<PublishWish, 'ended'>): Promise<Line> {
  const socket = await PublishSocket.open(baseUrl, { key: wish.key, video: true, audio: '', check: true })
  try {
    await socket.echo()
    const rttMs = socket.rttMs
    const padding = new Uint8Array(FILL_BYTES)
    const begin = performance.now()
    while (performance.now() - begin < FILL_MS) {
      if (socket.waitingBytes < FILL_AHEAD_BYTES) socket.send(Kind.Padding, 0, padding)
      else await rest(10)
      if (socket.sentBytes > 8 * 1024 * 1024) break
    }
    await socket.echo()
    const kbps = Math.round((socket.heardBytes * 8) / (performance.now() - begin))
    return { way: 'websocket', kbps, rttMs, quality: judged('websocket', kbps, rttMs, null, wish.videoKbps) }
  } finally {
    socket.close()
  }
}
