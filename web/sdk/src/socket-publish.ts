/**
 * Publishing over a WebSocket, for networks that swallow UDP: WebCodecs encodes, the socket carries.
 *
 * When the line is slower than the picture, frames are left out before encoding until it drained;
 * sound always goes.
 */
import { YaoheError } from './errors'
import { canEncode, Kind, PictureEncoder, SoundEncoder, soundKind, type SoundKind } from './encoders'
import type { Publishing, PublishWish, Sending } from './publishing'

const READY_MS = 8_000
/** The server takes messages of 64 KB. */
const PART_BYTES = 48 * 1024
const MORE = 0x80
/** Seconds of picture that may wait in the browser before frames are left out. */
const WAITING_S = 1.5
const ECHO_EVERY_MS = 2_000
const OVER = 4000

interface Said {
  type: 'ready' | 'over' | 'echo'
  code?: string
  message?: string
  at?: number
  bytes?: number
}

interface Hello {
  key: string
  video: boolean
  audio: SoundKind
  check: boolean
}

/** One open socket to `/publish`, greeted. */
export class PublishSocket {
  ended: (problem: YaoheError | null) => void = () => undefined
  rttMs: number | null = null
  heardBytes = 0
  sentBytes = 0
  private echoed: (() => void) | null = null
  private last: YaoheError | null = null

  private constructor(private readonly socket: WebSocket) {}

  static open(baseUrl: string, hello: Hello): Promise<PublishSocket> {
    const url = new URL(`${baseUrl}/publish`, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    const self = new PublishSocket(socket)
    return new Promise((done, fail) => {
      const timer = setTimeout(() => socket.close(), READY_MS)
      socket.onopen = () => socket.send(JSON.stringify(hello))
      socket.onmessage = (event: MessageEvent<string>) => {
        const said = JSON.parse(event.data) as Said
        if (said.type === 'ready') {
          clearTimeout(timer)
          done(self)
        } else self.said(said)
      }
      socket.onclose = (event) => {
        clearTimeout(timer)
        const problem = event.code === OVER ? self.last : null
        fail(problem ?? new YaoheError('offline', 'There is no connection to the server.'))
        self.ended(problem)
      }
    })
  }

  get waitingBytes(): number {
    return this.socket.bufferedAmount
  }

  send(kind: Kind, atUs: number, payload: Uint8Array): void {
    if (this.socket.readyState !== WebSocket.OPEN) return
    for (let begin = 0; begin === 0 || begin < payload.length; begin += PART_BYTES) {
      const part = payload.subarray(begin, begin + PART_BYTES)
      const message = new Uint8Array(9 + part.length)
      const head = new DataView(message.buffer)
      head.setUint8(0, begin + PART_BYTES < payload.length ? kind | MORE : kind)
      head.setBigUint64(1, BigInt(Math.max(0, Math.round(atUs))))
      message.set(part, 9)
      this.socket.send(message)
      this.sentBytes += message.length
    }
  }

  /** Resolves when everything sent so far arrived. */
  echo(): Promise<void> {
    this.send(Kind.Echo, performance.now() * 1000, new Uint8Array())
    return new Promise((done) => (this.echoed = done))
  }

  close(): void {
    this.ended = () => undefined
    this.socket.close(1000)
  }

  private said(said: Said): void {
    if (said.type === 'over') this.last = new YaoheError(said.code ?? 'unreadable', said.message ?? '')
    if (said.type !== 'echo') return
    this.rttMs = Math.round(performance.now() - (said.at ?? 0) / 1000)
    this.heardBytes = said.bytes ?? 0
    this.echoed?.()
    this.echoed = null
  }
}

export async function publishBySocket(baseUrl: string, wish: PublishWish): Promise<Publishing> {
  if (!canEncode()) throw new YaoheError('encoder_missing', 'This browser cannot encode H.264.')
  const audio = await soundKind(wish.stream)
  const video = wish.stream.getVideoTracks().length > 0
  const socket = await PublishSocket.open(baseUrl, { key: wish.key, video, audio, check: false })
  const publishing = new SocketPublishing(socket, wish)
  await publishing.start(audio)
  return publishing
}

class SocketPublishing implements Publishing {
  readonly way = 'websocket'
  private readonly begin = performance.now()
  private readonly screen = document.createElement('video')
  private readonly pulse: ReturnType<typeof setInterval>
  private picture: PictureEncoder | null = null
  private sound: SoundEncoder | null = null
  private before = { bytes: 0, at: 0 }

  constructor(
    private readonly socket: PublishSocket,
    private readonly wish: PublishWish,
  ) {
    this.pulse = setInterval(() => void socket.echo(), ECHO_EVERY_MS)
    socket.ended = (problem) => this.end(problem)
    this.screen.muted = this.screen.playsInline = true
  }

  async start(audio: SoundKind): Promise<void> {
    const out = this.socket.send.bind(this.socket)
    const fail = (problem: YaoheError): void => this.end(problem)
    const full = (this.wish.videoKbps * 1000 * WAITING_S) / 8
    if (audio) {
      this.sound = new SoundEncoder(audio, this.begin, out, fail)
      await this.sound.start(this.wish.stream)
    }
    await this.replace(this.wish.stream)
    this.picture = new PictureEncoder(this.screen, this.begin, this.wish.videoKbps, () => this.socket.waitingBytes > full, out, fail)
  }

  async replace(stream: MediaStream): Promise<void> {
    this.screen.srcObject = stream
    this.sound?.listen(stream)
    await this.screen.play()
  }

  async sending(): Promise<Sending> {
    const bytes = this.socket.sentBytes - this.socket.waitingBytes
    const now = performance.now()
    const kbps = this.before.at ? ((bytes - this.before.bytes) * 8) / (now - this.before.at) : 0
    this.before = { bytes, at: now }
    return { kbps: Math.round(kbps), roomKbps: null, rttMs: this.socket.rttMs, lost: null }
  }

  async stop(): Promise<void> {
    this.quiet()
    this.socket.close()
  }

  private end(problem: YaoheError | null): void {
    this.quiet()
    this.socket.close()
    this.wish.ended(problem)
  }

  private quiet(): void {
    clearInterval(this.pulse)
    this.picture?.stop()
    this.sound?.stop()
    this.screen.srcObject = null
  }
}
