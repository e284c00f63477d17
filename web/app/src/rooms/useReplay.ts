/**
 * The page of a show that is over: when there is something to watch again it begins by itself,
 * without sound, since nobody tapped yet.
 */
import type { RoomStatus } from '@sdk/events'
import { Rewind, type Replay } from '@sdk/rewind'
import type { Room } from '@sdk/room'

interface Shown {
  status: RoomStatus
  rewinding: boolean
  clip: boolean
  replaysUnasked: boolean
}

/** Where people asked their browser to, nothing large is fetched unasked. */
function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true
}

export function useReplay(room: Room, live: Shown, isKept: boolean) {
  let found: Replay | null = null

  /** With nothing recorded, or no answer, the page stays as it is; a shared clip goes on. */
  async function begin(): Promise<void> {
    if (!isKept || live.status !== 'ended' || live.clip || savesData()) return
    found = await new Rewind(room.client, room.id, room.player).load().catch(() => null)
    if (found && live.status === 'ended') live.rewinding = live.replaysUnasked = true
  }

  /** What was found, once: the next time it is asked for again. */
  function take(): Replay | null {
    const once = found
    found = null
    return once
  }

  return { begin, take }
}
