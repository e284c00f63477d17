/**
 * What happens in a room, told when the picture shows it. Over HLS one watches seconds behind the
 * host; each event carries the moment of the video it belongs to (`media_at`, the clock of
 * EXT-X-PROGRAM-DATE-TIME) and waits for it here. Nothing overtakes, nothing waits for ever.
 */
const HELD_MS_MAX = 30_000
const LOOK_MS = 100

interface Waiting {
  at: number | undefined
  since: number
  tell: () => void
}

export class Moments {
  /** The moment on screen; null when the picture is as good as live. */
  readonly #shownAt: () => number | null
  #waiting: Waiting[] = []
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(shownAt: () => number | null) {
    this.#shownAt = shownAt
  }

  tell(at: number | undefined, tell: () => void): void {
    this.#waiting.push({ at, since: performance.now(), tell })
    this.#look()
    if (this.#waiting.length) this.#timer ??= setInterval(() => this.#look(), LOOK_MS)
  }

  /** Something that cannot wait came: first what came before it. */
  flush(): void {
    for (const { tell } of this.#waiting.splice(0)) tell()
    this.#stop()
  }

  #look(): void {
    const shown = this.#shownAt()
    while (this.#waiting[0] && this.#isDue(this.#waiting[0], shown)) this.#waiting.shift()!.tell()
    if (!this.#waiting.length) this.#stop()
  }

  #isDue({ at, since }: Waiting, shown: number | null): boolean {
    return at === undefined || shown === null || shown >= at || performance.now() - since > HELD_MS_MAX
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
