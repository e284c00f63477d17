/**
 * Publishing by WHIP: one offer, one answer, then the browser's own WebRTC does the rest.
 *
 * When the connection ends without our doing, the session's address says why (another encoder took
 * over, say); a lost line is told as null, and trying again is the caller's choice.
 */
import type { Client } from './client'
import { YaoheError } from './errors'
import type { Publishing, PublishWish, Sending } from './publishing'

const CONNECT_MS = 8_000
const GATHER_MS = 1_000
/** How long a shaky connection may stay "disconnected" before it counts as lost. */
const SHAKY_MS = 5_000
const AUDIO_BPS = 128_000
const RTT_SLOW_MS = 600
const RTT_FREE_MS = 300
const KBPS_MIN = 400

export interface WhipWish extends PublishWish {
  /** Only connects, so that the line can be measured; nothing is published. */
  check?: boolean
}

export async function publishByWhip(client: Client, wish: WhipWish): Promise<Publishing> {
  if (typeof RTCPeerConnection === 'undefined') throw new YaoheError('udp_blocked', 'This browser has no WebRTC.')
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' })
  try {
    for (const track of wish.stream.getTracks()) addTrack(pc, track, wish)
    await pc.setLocalDescription(await pc.createOffer())
    await keepSize(pc)
    await gathered(pc)
    const path = `/whip/${encodeURIComponent(wish.key)}${wish.check ? '?check=1' : ''}`
    const answer = await client.exchange('POST', path, pc.localDescription?.sdp ?? '', 'application/sdp')
    const session = answer.headers.get('location') ?? ''
    await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() })
    await connected(pc).catch(async (problem: unknown) => {
      await goodbye(client, session)
      throw problem
    })
    return new WhipPublishing(client, pc, session, wish)
  } catch (problem) {
    pc.close()
    throw problem
  }
}

function addTrack(pc: RTCPeerConnection, track: MediaStreamTrack, wish: WhipWish): void {
  const maxBitrate = track.kind === 'video' ? wish.videoKbps * 1000 : AUDIO_BPS
  const transceiver = pc.addTransceiver(track, { direction: 'sendonly', streams: [wish.stream], sendEncodings: [{ maxBitrate }] })
  if (track.kind !== 'video') return
  const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs ?? []
  const wanted = codecs.filter((codec) => /h264|rtx/i.test(codec.mimeType))
  if (wanted.length > 0) transceiver.setCodecPreferences?.(wanted)
}

/** A picture that changes its size makes every player begin anew: rather fewer frames for a while. */
async function keepSize(pc: RTCPeerConnection): Promise<void> {
  const sender = pc.getSenders().find((one) => one.track?.kind === 'video')
  if (!sender) return
  const parameters = sender.getParameters()
  parameters.degradationPreference = 'maintain-resolution'
  await sender.setParameters(parameters)
}

function gathered(pc: RTCPeerConnection): Promise<void> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((done) => {
    const timer = setTimeout(done, GATHER_MS)
    pc.addEventListener('icegatheringstatechange', () => {
      if (pc.iceGatheringState !== 'complete') return
      clearTimeout(timer)
      done()
    })
  })
}

function connected(pc: RTCPeerConnection): Promise<void> {
  return new Promise((done, fail) => {
    const blocked = (): void => fail(new YaoheError('udp_blocked', 'The server cannot be reached over UDP.'))
    const timer = setTimeout(blocked, CONNECT_MS)
    const look = (): void => {
      if (pc.connectionState === 'connected') done()
      else if (pc.connectionState === 'failed' || pc.connectionState === 'closed') blocked()
      else return
      clearTimeout(timer)
    }
    pc.addEventListener('connectionstatechange', look)
    look()
  })
}

/** Ends a session; answers the server's word when it had already ended for a reason. */
async function goodbye(client: Client, session: string): Promise<YaoheError | null> {
  try {
    await client.delete(session)
    return null
  } catch (problem) {
    if (!(problem instanceof YaoheError)) throw problem
    return problem.status === 0 || problem.status === 404 || problem.status >= 500 ? null : problem
  }
}

class WhipPublishing implements Publishing {
  readonly way = 'webrtc'
  private over = false
  private shaky: ReturnType<typeof setTimeout> | undefined
  private before = { bytes: 0, at: 0 }
  private kbps: number

  constructor(
    private readonly client: Client,
    private readonly pc: RTCPeerConnection,
    private readonly session: string,
    private readonly wish: WhipWish,
  ) {
    this.kbps = wish.videoKbps
    pc.addEventListener('connectionstatechange', () => this.look())
    for (const sender of pc.getSenders()) {
      sender.transport?.addEventListener('statechange', () => {
        if (sender.transport?.state === 'closed' || sender.transport?.state === 'failed') void this.lost()
      })
    }
  }

  async replace(stream: MediaStream): Promise<void> {
    for (const sender of this.pc.getSenders()) {
      const track = stream.getTracks().find((one) => one.kind === sender.track?.kind)
      if (track && track !== sender.track) await sender.replaceTrack(track)
    }
  }

  async sending(): Promise<Sending> {
    const report = await this.pc.getStats()
    let bytes = 0
    let roomKbps: number | null = null
    let rttMs: number | null = null
    let lost: number | null = null
    report.forEach((entry: RTCStats & Record<string, unknown>) => {
      if (entry.type === 'outbound-rtp') bytes += Number(entry.bytesSent ?? 0)
      if (entry.type === 'candidate-pair' && entry.nominated && typeof entry.currentRoundTripTime === 'number') {
        rttMs = Math.round(entry.currentRoundTripTime * 1000)
        if (typeof entry.availableOutgoingBitrate === 'number') roomKbps = Math.round(entry.availableOutgoingBitrate / 1000)
      }
      if (entry.type === 'remote-inbound-rtp' && entry.kind === 'video' && typeof entry.fractionLost === 'number') {
        lost = entry.fractionLost
      }
    })
    const now = performance.now()
    const kbps = this.before.at ? ((bytes - this.before.bytes) * 8) / (now - this.before.at) : 0
    this.before = { bytes, at: now }
    await this.adapt(rttMs)
    return { kbps: Math.round(kbps), roomKbps, rttMs, lost }
  }

  /** A growing round trip is a queue that grows: send less until it is gone, then more again. */
  private async adapt(rttMs: number | null): Promise<void> {
    if (rttMs === null) return
    const most = this.wish.videoKbps
    const next = rttMs > RTT_SLOW_MS ? this.kbps * 0.7 : rttMs < RTT_FREE_MS ? this.kbps * 1.1 : this.kbps
    const kbps = Math.round(Math.min(most, Math.max(KBPS_MIN, next)))
    if (kbps === this.kbps) return
    this.kbps = kbps
    const sender = this.pc.getSenders().find((one) => one.track?.kind === 'video')
    const parameters = sender?.getParameters()
    const encoding = parameters?.encodings[0]
    if (!sender || !parameters || !encoding) return
    encoding.maxBitrate = kbps * 1000
    await sender.setParameters(parameters)
  }

  async stop(): Promise<void> {
    if (this.over) return
    this.over = true
    clearTimeout(this.shaky)
    await goodbye(this.client, this.session)
    this.pc.close()
  }

  private look(): void {
    clearTimeout(this.shaky)
    const state = this.pc.connectionState
    if (state === 'failed' || state === 'closed') void this.lost()
    else if (state === 'disconnected') this.shaky = setTimeout(() => void this.lost(), SHAKY_MS)
  }

  private async lost(): Promise<void> {
    if (this.over) return
    this.over = true
    clearTimeout(this.shaky)
    this.pc.close()
    this.wish.ended(await goodbye(this.client, this.session))
  }
}
