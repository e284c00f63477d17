/**
 * What keeps the chat pleasant, as this visitor has it: the room's rules and pinned message, what
 * holds them back, whom they block, and what they may do as a moderator.
 */
import { reactive } from 'vue'
import type { ChatLine, ChatRules, PersonalEvent, PinnedMessage, RoomState, Standing } from '@sdk/events'
import type { YaoheError } from '@sdk/errors'
import type { ReportReason } from '@sdk/manners'
import type { Room } from '@sdk/room'
import type { Lang, WordKey, Words } from '../ui/words'
import type { Notices } from './useNotices'

export const MUTE_MINUTES = 10

const refusals: Record<string, WordKey> = {
  offline: 'chat.not_sent',
  timeout: 'chat.not_sent',
  too_many: 'chat.too_fast',
  chat_banned: 'chat.banned',
  chat_closed: 'chat.closed',
  chat_followers: 'chat.followers',
  chat_link: 'chat.link',
  chat_word: 'chat.not_allowed',
  chat_empty: 'chat.not_allowed',
  chat_refused: 'chat.not_allowed',
}

export function clock(at: Date, lang: Lang): string {
  return at.toLocaleTimeString(lang, { hour: '2-digit', minute: '2-digit', hour12: false })
}

export function useManners(room: Room, say: Words, lang: Lang, notices: Notices) {
  const state = reactive({
    moderator: false,
    /** Null until the room has said it. */
    following: null as boolean | null,
    rules: { slow_s: 0, links: true, closed: false, followers: false } as ChatRules,
    pinned: null as PinnedMessage | null,
    penalty: null as Standing['penalty'],
    blocked: new Set<string>(),
  })

  function entered({ moderator, following, penalty, blocked }: Partial<Standing>): void {
    state.moderator = moderator ?? false
    state.following = following ?? null
    state.penalty = penalty ?? null
    state.blocked = new Set(blocked)
  }

  function changed(news: Partial<RoomState>): void {
    if (news.chat_rules) Object.assign(state.rules, news.chat_rules)
    // A change inside the message comes alone; together they are the new message.
    if (news.chat_pinned === null) state.pinned = null
    else if (news.chat_pinned) state.pinned = { ...state.pinned, ...news.chat_pinned }
  }

  function told(event: PersonalEvent): void {
    if (!('room' in event) || event.room !== room.id) return
    if (event.type === 'moderator') state.moderator = event.on
    else if (event.type === 'chat_freed') state.penalty = null
    else {
      state.penalty = { kind: event.type === 'chat_banned' ? 'ban' : 'mute', until: event.until }
      notices.show({ kind: 'problem', title: heldBack() ?? '' })
    }
  }

  /** Why this visitor may not write now, in words; null when they may. */
  function heldBack(): string | null {
    const { penalty } = state
    if (penalty?.kind === 'ban') return say('chat.banned')
    if (penalty?.until && Date.parse(penalty.until) > Date.now()) {
      return say('chat.muted', { time: clock(new Date(penalty.until), lang) })
    }
    return closedTo()
  }

  /** Who the chat is closed to, in words; null when it is open to this visitor. */
  function closedTo(): string | null {
    const { closed, followers } = state.rules
    if (state.moderator) return null
    return closed ? say('chat.closed') : followers && !state.following ? say('chat.followers') : null
  }

  /** A refused line, told so that one knows what to do. */
  function refused(problem: unknown): void {
    const { code, retryAfterS } = problem as YaoheError
    const title =
      code === 'chat_slow_mode'
        ? say('chat.slow', { n: retryAfterS ?? state.rules.slow_s })
        : code === 'chat_muted' && retryAfterS
          ? say('chat.muted', { time: clock(new Date(Date.now() + retryAfterS * 1000), lang) })
          : say(refusals[code] ?? 'chat.not_sent')
    notices.show({ kind: 'problem', title })
  }

  async function attempt(work: () => Promise<unknown>, done: string): Promise<boolean> {
    try {
      await work()
      notices.show({ kind: 'done', title: done })
      return true
    } catch (problem) {
      notices.problem(problem, say)
      return false
    }
  }

  const { manners } = room
  return {
    state, entered, changed, told, heldBack, closedTo, refused,
    async follow(): Promise<void> {
      if (await attempt(() => room.follows.add(room.id), say('follow.done'))) state.following = true
    },
    async unfollow(roomId: string): Promise<boolean> {
      const done = await attempt(() => room.follows.remove(roomId), say('follow.undone'))
      if (done && roomId === room.id) state.following = false
      return done
    },
    report: (reason: ReportReason, lineId?: string) =>
      attempt(() => manners.report(reason, lineId), say('line.reported')),
    async block({ v, name }: ChatLine): Promise<boolean> {
      if (!v || !(await attempt(() => manners.block(v, name), say('line.blocked', { name })))) return false
      state.blocked.add(v)
      return true
    },
    async unblock(visitorId: string): Promise<void> {
      await manners.unblock(visitorId)
      state.blocked.delete(visitorId)
    },
    hide: (line: ChatLine) => attempt(() => manners.hide(line.id), say('line.hidden')),
    mute: ({ v, name }: ChatLine) =>
      attempt(() => manners.mute(v!, name, MUTE_MINUTES), say('line.muted', { name, n: MUTE_MINUTES })),
    ban: ({ v, name }: ChatLine) => attempt(() => manners.ban(v!, name), say('line.banned', { name })),
  }
}
