/**
 * Bytes into a video element through Media Source Extensions: queues while the buffer is busy,
 * appends what waited as one, prunes behind the picture and survives a full buffer. It can take
 * over the MediaSource that `boot.ts` opened, or open its own.
 */
import { joined } from './bytes'
import { holdPicture } from './still'
import { prunable, type Range } from './pace'
import type { Head } from './route'

type SourceClass = typeof MediaSource

export function sourceClass(): SourceClass | null {
  const scope = globalThis as { ManagedMediaSource?: SourceClass; MediaSource?: SourceClass }
  return scope.ManagedMediaSource ?? scope.MediaSource ?? null
}

const typeOf = (codecs: string): string => `video/mp4; codecs="${codecs}"`

const canPlay = (codecs: string): boolean => codecs !== '' && !!sourceClass()?.isTypeSupported(typeOf(codecs))

/** Streams with the same name go on in one buffer: profiles may differ, the kinds of codecs not. */
export function streamOf({ timeline, codecs }: Pick<Head, 'timeline' | 'codecs'>): string {
  return [timeline, ...codecs.split(',').map((codec) => codec.split('.')[0])].join(' ')
}

export function ranges(buffered: TimeRanges): Range[] {
  return Array.from({ length: buffered.length }, (_, i) => ({
    start: buffered.start(i),
    end: buffered.end(i),
  }))
}

export interface SinkNews {
  /** Something was appended. */
  appended(): void
  /** The buffer is beyond repair; the player must start over. */
  broken(reason: string): void
}

export class Sink {
  readonly #video: HTMLVideoElement
  readonly #news: SinkNews
  #source: MediaSource | null = null
  #buffer: SourceBuffer | null = null
  #queue: Uint8Array[] = []
  #url = ''
  #fullInARow = 0
  /** Which stream the buffer holds: all of one timeline, and of the same kinds of tracks. */
  #stream = ''
  #codecs = ''

  constructor(video: HTMLVideoElement, news: SinkNews) {
    this.#video = video
    this.#news = news
  }

  /** Goes on with what the inline script opened. */
  adopt(source: MediaSource, buffer: SourceBuffer, queue: Uint8Array[], head: Head): void {
    this.#stream = streamOf(head)
    this.#codecs = head.codecs
    this.#source = source
    this.#queue = queue.splice(0).concat(this.#queue)
    this.#own(buffer)
    this.#drain()
  }

  /** A line begins: goes on in the same buffer if it is the same stream, else opens a new one.
   * False when this browser cannot play these codecs. */
  begin(head: Head): boolean {
    const stream = streamOf(head)
    if (stream === this.#stream && this.isOpen && canPlay(head.codecs)) {
      this.#restartParser(head.codecs)
      return true
    }
    holdPicture(this.#video)
    this.#stream = stream
    this.#codecs = head.codecs
    return this.#open(head.codecs)
  }

  /** The buffer is spoilt: the next line gets a new one. */
  forget(): void {
    this.#stream = ''
  }

  #open(codecs: string): boolean {
    const Source = sourceClass()
    const type = typeOf(codecs)
    if (!Source || !canPlay(codecs)) return false
    this.close()
    const source = new Source()
    this.#source = source
    source.addEventListener(
      'sourceopen',
      () => {
        if (this.#source !== source) return
        this.#own(source.addSourceBuffer(type))
        this.#drain()
      },
      { once: true },
    )
    this.#url = URL.createObjectURL(source)
    this.#video.src = this.#url
    return true
  }

  get isOpen(): boolean {
    return this.#source?.readyState === 'open'
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk)
    this.#drain()
  }

  /** A new line begins with a new init segment: forget half a fragment of the old one. */
  #restartParser(codecs: string): void {
    this.#queue = []
    const buffer = this.#buffer
    if (!buffer || this.#source?.readyState !== 'open') return
    try {
      buffer.abort()
      if (codecs !== this.#codecs) buffer.changeType?.(typeOf(codecs))
      this.#codecs = codecs
    } catch {
      // A removal is under way; the parser has no half fragment then.
    }
  }

  close(): void {
    this.#queue = []
    if (this.#buffer) this.#buffer.onupdateend = null
    this.#buffer = null
    this.#source = null
    if (this.#url) URL.revokeObjectURL(this.#url)
    this.#url = ''
  }

  #own(buffer: SourceBuffer): void {
    this.#buffer = buffer
    buffer.onupdateend = () => {
      this.#news.appended()
      this.#prune()
      this.#drain()
    }
  }

  #prune(): void {
    const buffer = this.#buffer
    if (!buffer || buffer.updating || !this.isOpen) return
    const old = prunable(this.#video.currentTime, ranges(buffer.buffered))
    if (old) buffer.remove(old.start, old.end)
  }

  #drain(): void {
    const buffer = this.#buffer
    if (!buffer || buffer.updating || !this.#queue.length || !this.isOpen) return
    const parts = this.#queue
    this.#queue = []
    const bytes = joined(parts)
    try {
      buffer.appendBuffer(bytes as BufferSource)
      this.#fullInARow = 0
    } catch (error) {
      if ((error as DOMException).name === 'QuotaExceededError' && this.#fullInARow++ < 3) {
        this.#queue = [bytes]
        this.#makeRoom(buffer)
      } else this.#news.broken((error as DOMException).name)
    }
  }

  /** Full: keep two seconds behind the picture; still full: drop what is far ahead as well. */
  #makeRoom(buffer: SourceBuffer): void {
    const at = this.#video.currentTime
    const start = buffer.buffered.length ? buffer.buffered.start(0) : 0
    if (this.#fullInARow === 1 && at - 2 > start) buffer.remove(0, at - 2)
    else buffer.remove(at + 3, Infinity)
  }
}
