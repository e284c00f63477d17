/**
 * Which way a player asks for the bytes, how long it waits for each, and when a way has proved
 * broken. Ways are found by trying them, never by the browser's name. No element, no clock.
 */

export type Route = 'fetch' | 'ws' | 'hls' | 'hlsjs' | 'none'

export interface Abilities {
  mse: boolean
  nativeHls: boolean
}

/** What went wrong since a picture was last shown. */
export interface Setbacks {
  /** Tries that brought no bytes at all, or bytes without a picture. */
  failures: number
  /** Of these: nothing was refused, nothing came. Something in between keeps streams for itself. */
  swallowed: number
  /** Of these: the bytes came, and the browser drew nothing or gave up decoding. */
  dark: number
}

/** Milliseconds to wait before attempt `n` (0 first), with jitter so that rooms do not stampede. */
export function backoffMs(attempt: number, random: () => number, max = 8000): number {
  const whole = Math.min(max, 250 * 2 ** attempt)
  return Math.round(whole * (0.5 + random() / 2))
}

/** The way to try next. Refusals are tried twice, for a server that restarts; silence once. */
export function nextRoute({ failures, swallowed, dark }: Setbacks, can: Abilities): Route {
  if (!can.mse) return can.nativeHls ? 'hls' : 'none'
  // Not the way is broken but what this browser makes of it: let it play by itself.
  if (dark >= 2 && can.nativeHls) return 'hls'
  // Browsers' own HLS keeps 10 s and more behind, so it comes last.
  const order: Route[] = ['fetch', 'ws', 'fetch', 'ws', 'hlsjs', ...(can.nativeHls ? ['hls' as const] : [])]
  return order[(failures + (swallowed >= 2 ? 2 : 0)) % order.length] ?? 'fetch'
}

/** A stream this browser cannot decode is asked for again this often: hosts change their encoders. */
const CODEC_RETRY_MS = 10_000

/** Counts tries: how long to wait before the next, and when a way has proved broken. */
export class Attempts {
  #inARow = 0
  #set: Setbacks = { failures: 0, swallowed: 0, dark: 0 }
  #gotBytes = true
  readonly #random: () => number

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  get setbacks(): Readonly<Setbacks> {
    return this.#set
  }

  begin(): void {
    this.#gotBytes = false
  }

  bytes(): void {
    this.#gotBytes = true
  }

  shown(): void {
    this.#inARow = 0
    this.#set = { failures: 0, swallowed: 0, dark: 0 }
  }

  /** Milliseconds to wait. 404 and 503 mean that the host is away, not that this way is broken; nor
   * is it one way's fault when the browser does not know the codec. */
  ended(reason: string): number {
    if (reason === 'codec') return CODEC_RETRY_MS
    const away = reason === 'http_404' || reason === 'http_503'
    const dark = reason === 'decode' || reason === 'stuck'
    if (dark) this.#set.dark += 1
    if (reason === 'silent' && !this.#gotBytes) this.#set.swallowed += 1
    if (dark || (!this.#gotBytes && !away)) this.#set.failures += 1
    return backoffMs(this.#inARow++, this.#random, 5000)
  }
}

/** The first bytes of a way may take this long; once another has failed, twice as long. */
export const FIRST_BYTES_MS = 2000
/** A line that spoke and then says nothing for this long is dead, whatever TCP believes. */
export const SILENCE_MS = 5000
/** From something to draw until it is drawn. */
export const PICTURE_MS = 4000
/** HLS has lists to ask for before it has anything to draw. */
export const HLS_PICTURE_MS = 12_000

export interface Seen {
  now: number
  isLine: boolean
  /** Nobody looks: browsers draw nothing then, and that proves nothing. */
  hidden: boolean
  /** How long nothing was heard on the line. */
  silentMs: number
  /** Something is buffered. */
  hasBytes: boolean
  /** The element has a picture. */
  hasPicture: boolean
  failures: number
}

/** How long a player waits for the way it has taken. One `verdict` per look, a few looks a second. */
export class Patience {
  #spoke = false
  #shown = false
  #since = 0

  begin(now: number): void {
    this.#spoke = this.#shown = false
    this.#since = now
  }

  bytes(): void {
    this.#spoke = true
  }

  verdict(seen: Seen): 'silent' | 'stuck' | null {
    if (seen.isLine && seen.silentMs > this.#silenceMs(seen.failures)) return 'silent'
    this.#shown ||= seen.hasPicture
    if (this.#shown) return null
    // The wait for a picture begins when there is something to draw and somebody to see it.
    if (seen.hidden || (seen.isLine && !seen.hasBytes)) this.#since = seen.now
    const waited = seen.now - this.#since
    return waited > (seen.isLine ? PICTURE_MS : HLS_PICTURE_MS) ? 'stuck' : null
  }

  #silenceMs(failures: number): number {
    if (this.#spoke) return SILENCE_MS
    return failures ? FIRST_BYTES_MS * 2 : FIRST_BYTES_MS
  }
}
