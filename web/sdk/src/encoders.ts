/**
 * Picture and sound of a page, encoded by WebCodecs, on one clock in microseconds.
 *
 * The picture is taken from a playing <video>, the sound from an audio worklet: both exist in every
 * browser that has WebCodecs.
 */
import { YaoheError } from './errors'
import pcmUrl from './pcm.worklet?worker&url'

const RATE = 48_000
const KEYFRAME_EVERY_US = 1_900_000
const FPS_MAX = 30
/** Beyond this the sound's own counting is laid anew by the clock. */
const DRIFT_US_MAX = 150_000

export const enum Kind {
  AvcRecord = 1,
  Keyframe = 2,
  Delta = 3,
  AacConfig = 4,
  Aac = 5,
  Opus = 6,
  Padding = 7,
  Echo = 8,
}

export type Out = (kind: Kind, atUs: number, payload: Uint8Array) => void

export function canEncode(): boolean {
  return typeof VideoEncoder !== 'undefined' && typeof VideoFrame !== 'undefined' && 'requestVideoFrameCallback' in HTMLVideoElement.prototype
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  const view = ArrayBuffer.isView(source) ? source : new Uint8Array(source as ArrayBuffer)
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)
}

/** Constrained baseline, at the level that fits the size. */
function codecFor(width: number, height: number): string {
  return width * height > 1280 * 720 ? 'avc1.42E028' : 'avc1.42E01F'
}

export class PictureEncoder {
  private encoder: VideoEncoder | null = null
  private size = ''
  private keyframeAt = -Infinity
  private lastAt = -Infinity
  private stopped = false
  /** Set while the line cannot take more; the next frame sent is then a keyframe. */
  private skipping = false

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly begin: number,
    private kbps: number,
    private readonly isFull: () => boolean,
    private readonly out: Out,
    private readonly fail: (problem: YaoheError) => void,
  ) {
    this.next()
  }

  stop(): void {
    this.stopped = true
    if (this.encoder && this.encoder.state !== 'closed') this.encoder.close()
  }

  private next(): void {
    this.video.requestVideoFrameCallback((now) => {
      if (this.stopped) return
      this.take(now)
      this.next()
    })
  }

  private take(now: number): void {
    const at = Math.round((now - this.begin) * 1000)
    if (at - this.lastAt < 1_000_000 / FPS_MAX / 1.5) return
    if (this.isFull()) {
      this.skipping = true
      return
    }
    try {
      const frame = new VideoFrame(this.video, { timestamp: at })
      this.configure(frame.displayWidth & ~1, frame.displayHeight & ~1)
      const keyFrame = this.skipping || at - this.keyframeAt >= KEYFRAME_EVERY_US
      this.skipping = false
      this.lastAt = at
      if (keyFrame) this.keyframeAt = at
      this.encoder?.encode(frame, { keyFrame })
      frame.close()
    } catch (cause) {
      this.fail(new YaoheError('encoder_failed', String(cause)))
    }
  }

  private configure(width: number, height: number): void {
    const size = `${width}x${height}`
    if (size === this.size) return
    this.size = size
    this.keyframeAt = -Infinity
    this.encoder ??= new VideoEncoder({
      output: (chunk, about) => this.encoded(chunk, about),
      error: (cause) => this.fail(new YaoheError('encoder_failed', cause.message)),
    })
    this.encoder.configure({
      codec: codecFor(width, height),
      width,
      height,
      bitrate: this.kbps * 1000,
      framerate: FPS_MAX,
      latencyMode: 'realtime',
      avc: { format: 'avc' },
    })
  }

  private encoded(chunk: EncodedVideoChunk, about?: EncodedVideoChunkMetadata): void {
    if (this.stopped) return
    const record = about?.decoderConfig?.description
    if (record) this.out(Kind.AvcRecord, chunk.timestamp, bytesOf(record))
    const payload = new Uint8Array(chunk.byteLength)
    chunk.copyTo(payload)
    this.out(chunk.type === 'key' ? Kind.Keyframe : Kind.Delta, chunk.timestamp, payload)
  }
}

export type SoundKind = 'aac' | 'opus' | ''

/** Which of the two this browser can make; AAC goes to viewers untouched. */
export async function soundKind(stream: MediaStream): Promise<SoundKind> {
  if (stream.getAudioTracks().length === 0 || typeof AudioEncoder === 'undefined') return ''
  const shape = { sampleRate: RATE, numberOfChannels: 1 }
  if ((await AudioEncoder.isConfigSupported({ codec: 'mp4a.40.2', ...shape })).supported) return 'aac'
  return (await AudioEncoder.isConfigSupported({ codec: 'opus', ...shape })).supported ? 'opus' : ''
}

export class SoundEncoder {
  private readonly context = new AudioContext({ sampleRate: RATE })
  private readonly encoder: AudioEncoder
  private source: MediaStreamAudioSourceNode | null = null
  private tap: AudioWorkletNode | null = null
  private at = -1

  constructor(
    private readonly kind: 'aac' | 'opus',
    private readonly begin: number,
    private readonly out: Out,
    fail: (problem: YaoheError) => void,
  ) {
    this.encoder = new AudioEncoder({
      output: (chunk, about) => this.encoded(chunk, about),
      error: (cause) => fail(new YaoheError('encoder_failed', cause.message)),
    })
    const codec = kind === 'aac' ? 'mp4a.40.2' : 'opus'
    this.encoder.configure({ codec, sampleRate: RATE, numberOfChannels: 1, bitrate: 96_000 })
  }

  async start(stream: MediaStream): Promise<void> {
    await this.context.audioWorklet.addModule(pcmUrl)
    this.tap = new AudioWorkletNode(this.context, 'yaohe-pcm', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' })
    this.tap.port.onmessage = (event: MessageEvent<Float32Array<ArrayBuffer>>) => this.take(event.data)
    this.listen(stream)
    await this.context.resume()
  }

  listen(stream: MediaStream): void {
    if (!this.tap || stream.getAudioTracks().length === 0) return
    this.source?.disconnect()
    this.source = this.context.createMediaStreamSource(stream)
    this.source.connect(this.tap)
  }

  stop(): void {
    if (this.encoder.state !== 'closed') this.encoder.close()
    void this.context.close()
  }

  private take(data: Float32Array<ArrayBuffer>): void {
    if (this.encoder.state === 'closed') return
    const lengthUs = (data.length * 1_000_000) / RATE
    const byClock = (performance.now() - this.begin) * 1000 - lengthUs
    if (this.at < 0 || Math.abs(byClock - this.at) > DRIFT_US_MAX) this.at = Math.max(0, byClock)
    const sound = new AudioData({ format: 'f32', sampleRate: RATE, numberOfFrames: data.length, numberOfChannels: 1, timestamp: Math.round(this.at), data })
    this.at += lengthUs
    this.encoder.encode(sound)
    sound.close()
  }

  private encoded(chunk: EncodedAudioChunk, about?: EncodedAudioChunkMetadata): void {
    const record = about?.decoderConfig?.description
    if (record && this.kind === 'aac') this.out(Kind.AacConfig, 0, bytesOf(record))
    const payload = new Uint8Array(chunk.byteLength)
    chunk.copyTo(payload)
    this.out(this.kind === 'aac' ? Kind.Aac : Kind.Opus, Math.max(0, chunk.timestamp), payload)
  }
}
