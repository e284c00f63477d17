/** Keeps this browser let into a room while its desk is open, in case the room is private or becomes
 * so: the picture and the chat come over ways that know no sessions. */
import { onScopeDispose } from 'vue'
import { api } from '../api'

const AGAIN_MS = 20 * 60_000

/** Over once we are in; without it a public desk works all the same. */
export function useEntry(roomId: string): Promise<void> {
  const enter = (): Promise<void> => api.ticket(roomId).then(() => undefined, () => undefined)
  const timer = setInterval(enter, AGAIN_MS)
  onScopeDispose(() => clearInterval(timer))
  return enter()
}
