/** One short notice at a time over the video, in order; none of them asks for anything. */
import { ref } from 'vue'
import { YaoheError } from '@sdk/errors'
import type { WordKey, Words } from '../ui/words'

export interface Notice {
  kind: 'friend' | 'coupon' | 'back' | 'message' | 'done' | 'problem'
  title: string
  text?: string
  /** An error's code, small, for whoever is asked about it. */
  code?: string
  /** What a tap on it does; it stays longer then. */
  open?: () => void
}

const SHOWN_MS = 3500
const TAPPABLE_MS = 8000
const shownMs = (notice: Notice): number => (notice.open ? TAPPABLE_MS : SHOWN_MS)

/** Codes that have a sentence of their own; everything else says the general one. */
const known: Record<string, WordKey> = {
  offline: 'error.offline',
  timeout: 'error.timeout',
  busy: 'error.busy',
  try_again: 'error.busy',
  coupon_gone: 'coupon.coupon_gone',
  coupon_over: 'coupon.coupon_over',
  coupon_limit: 'coupon.coupon_limit',
  coupon_limit_day: 'coupon.coupon_limit_day',
  coupon_limit_show: 'coupon.coupon_limit_show',
  coupon_gone_room: 'coupon.coupon_gone_room',
  coupon_gone_show: 'coupon.coupon_gone_show',
  offer_over: 'coupon.coupon_over',
  no_open_coupon: 'coupon.coupon_over',
  sold_out: 'buy.out_of_stock',
  too_many: 'error.busy',
  orders_under_way: 'data.under_way',
  consent_needed: 'consent.needed',
  in_a_frame: 'embed.in_shop',
  follows_full: 'follow.full',
  waits_full: 'wait.full',
  still_there: 'wait.still_there',
}

export function useNotices() {
  const current = ref<Notice | null>(null)
  const waiting: Notice[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    current.value = waiting.shift() ?? null
    timer = current.value ? setTimeout(next, shownMs(current.value)) : undefined
  }

  function show(notice: Notice): void {
    if (waiting.some((other) => other.title === notice.title)) return
    if (current.value?.title === notice.title) {
      clearTimeout(timer)
      timer = setTimeout(next, shownMs(notice))
      return
    }
    waiting.push(notice)
    if (!timer) next()
  }

  /** Tapped: what it opens, and it is gone. */
  function tap(): void {
    const open = current.value?.open
    if (!open) return
    clearTimeout(timer)
    next()
    open()
  }

  function problem(error: unknown, say: Words, other: WordKey = 'error.other'): void {
    const code = error instanceof YaoheError ? error.code : ''
    show({ kind: 'problem', title: say(known[code] ?? other), code: known[code] ? undefined : code })
  }

  return { current, show, tap, problem }
}

export type Notices = ReturnType<typeof useNotices>
