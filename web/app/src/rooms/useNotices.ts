/** One short notice at a time over the video, in order; none of them asks for anything. */
import { ref } from 'vue'
import { YaoheError } from '@sdk/errors'
import type { WordKey, Words } from '../ui/words'

export interface Notice {
  kind: 'friend' | 'coupon' | 'done' | 'problem'
  title: string
  text?: string
  /** An error's code, small, for whoever is asked about it. */
  code?: string
}

const SHOWN_MS = 3500

/** Codes that have a sentence of their own; everything else says the general one. */
const known: Record<string, WordKey> = {
  offline: 'error.offline',
  timeout: 'error.timeout',
  busy: 'error.busy',
  try_again: 'error.busy',
  coupon_gone: 'coupon.coupon_gone',
  coupon_over: 'coupon.coupon_over',
  coupon_limit: 'coupon.coupon_limit',
  offer_over: 'coupon.coupon_over',
  no_open_coupon: 'coupon.coupon_over',
  sold_out: 'buy.out_of_stock',
  too_many: 'error.busy',
  follows_full: 'follow.full',
}

export function useNotices() {
  const current = ref<Notice | null>(null)
  const waiting: Notice[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    current.value = waiting.shift() ?? null
    timer = current.value ? setTimeout(next, SHOWN_MS) : undefined
  }

  function show(notice: Notice): void {
    if (waiting.some((other) => other.title === notice.title)) return
    if (current.value?.title === notice.title) {
      clearTimeout(timer)
      timer = setTimeout(next, SHOWN_MS)
      return
    }
    waiting.push(notice)
    if (!timer) next()
  }

  function problem(error: unknown, say: Words, other: WordKey = 'error.other'): void {
    const code = error instanceof YaoheError ? error.code : ''
    show({ kind: 'problem', title: say(known[code] ?? other), code: known[code] ? undefined : code })
  }

  return { current, show, problem }
}

export type Notices = ReturnType<typeof useNotices>
