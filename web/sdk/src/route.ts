/**
 * The two ways live bytes reach a page: a streaming `fetch` on the connection that brought it, or
 * a WebSocket where something in between swallows streams. Both tell the same story in order:
 * `head` once per epoch, then `bytes`, then `end` exactly once.
 */

import { FIRST_BYTES_MS } from './tries'

const LOOK_MS = 10_000
const LOOK_MS_MAX = 600_000

export interface Head {
  codecs: string
  epoch: string
  /** Streams of one timeline show the same moment at the same time. */
  timeline: string
  rung: string
}

export interface Ears {
  head(head: Head): unknown
  bytes(chunk: Uint8Array): unknown
  /** `http_404`, `closed`, `network`, `silent` … */
  end(reason: string): void
}

export interface Line {
  close(): void
}

/** Nothing is said after `close`, and `end` is said once. */
function once(ears: Ears, close: () => void): Ears & { stop(): void } {
  let over = false
  return {
    head: (head) => over || ears.head(head),
    bytes: (chunk) => over || ears.bytes(chunk),
    end(reason) {
      if (over) return
      over = true
      close()
      ears.end(reason)
    },
    stop() {
      over = true
      close()
    },
  }
}

export function openFetch(url: string, ears: Ears): Line {
  const abort = new AbortController()
  const line = once(ears, () => abort.abort())
  const run = async (): Promise<void> => {
    const answer = await fetch(url, { signal: abort.signal, cache: 'no-store' })
    if (!answer.ok || !answer.body) return line.end(`http_${answer.status}`)
    line.head({
      codecs: answer.headers.get('X-Yaohe-Codecs') ?? '',
      epoch: answer.headers.get('X-Yaohe-Epoch') ?? '',
      timeline: answer.headers.get('X-Yaohe-Timeline') ?? '',
      rung: answer.headers.get('X-Yaohe-Rung') ?? '',
    })
    const reader = answer.body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return line.end('closed')
      line.bytes(value)
    }
  }
  run().catch(() => line.end('network'))
  return { close: line.stop }
}

export function openSocket(url: string, ears: Ears): Line {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  const line = once(ears, () => socket.close())
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') {
      const { codecs, epoch, timeline, rung } = JSON.parse(data) as Record<keyof Head, string>
      line.head({ codecs, epoch: String(epoch), timeline: String(timeline), rung })
    } else line.bytes(new Uint8Array(data))
  }
  socket.onclose = () => line.end('closed')
  socket.onerror = () => line.end('network')
  return { close: line.stop }
}

/**
 * For a player that had to take a slower way: asks now and then, less and less often, whether the
 * live line brings bytes again. Tells `found` at most once; the answer stops the asking.
 */
export function lookForLine(url: string, found: () => void): () => void {
  let line: Line | null = null
  let wait = LOOK_MS
  const look = (): void => {
    const brought = (): void => {
      stop()
      found()
    }
    line = openFetch(url, { head: () => undefined, bytes: brought, end: () => undefined })
    timer = setTimeout(pause, FIRST_BYTES_MS)
  }
  const pause = (): void => {
    line?.close()
    wait = Math.min(wait * 2, LOOK_MS_MAX)
    timer = setTimeout(look, wait)
  }
  const stop = (): void => {
    clearTimeout(timer)
    line?.close()
  }
  let timer = setTimeout(look, wait)
  return stop
}

/** `/live/tea/ws` as a full WebSocket address on the page's own origin. */
export function socketUrl(path: string, page: Pick<Location, 'protocol' | 'host'>): string {
  if (/^wss?:/.test(path)) return path
  if (/^https?:/.test(path)) return path.replace(/^http/, 'ws')
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${path}`
}

function openLine(route: 'fetch' | 'ws', { stream, ws }: { stream: string; ws: string }, ears: Ears): Line {
  return route === 'fetch' ? openFetch(stream, ears) : openSocket(socketUrl(ws, location), ears)
}

/** The one line a player listens to, and how long it has been silent. */
export class LiveLine {
  #line: Line | null = null
  #next: Line | null = null
  #heardAt = performance.now()

  get isOpen(): boolean {
    return this.#line !== null
  }

  get silentMs(): number {
    return performance.now() - this.#heardAt
  }

  heard(): void {
    this.#heardAt = performance.now()
  }

  open(route: 'fetch' | 'ws', media: { stream: string; ws: string }, ears: Ears): void {
    this.adopt(openLine(route, media, ears))
  }

  adopt(line: Line): void {
    if (line === this.#next) this.#next = null
    this.hangUp()
    this.heard()
    this.#line = line
  }

  /** Goes over to another line as soon as that one begins; until then this one goes on. */
  move(route: 'fetch' | 'ws', media: { stream: string; ws: string }, ears: Ears): void {
    this.#next?.close()
    const next: Ears = {
      head: (head) => {
        if (this.#next === line) this.adopt(line)
        ears.head(head)
      },
      bytes: (chunk) => ears.bytes(chunk),
      // A line that never began leaves the present one alone.
      end: (reason) => (this.#next === line ? (this.#next = null) : ears.end(reason)),
    }
    const line = openLine(route, media, next)
    this.#next = line
  }

  /** Nothing more will be heard of it. */
  hangUp(): void {
    this.#next?.close()
    this.#line?.close()
    this.#next = this.#line = null
  }
}
