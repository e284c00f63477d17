/**
 * What happens in a room as it happens: chat lines, viewers, status, products.
 *
 * Speaks the same realtime protocol as every viewer; a lost connection heals by itself and
 * `connected` says so meanwhile.
 */
import { onScopeDispose, ref } from 'vue'
import type { ChatHidden } from '@sdk/events'
import { Centrifuge } from 'centrifuge'
import type { StateNews } from '@sdk/goods'
import type { ChatLine } from '../types'

export interface RoomEars {
  onLine(line: ChatLine): void
  onHide(gone: ChatHidden): void
  onState(state: StateNews): void
}

/** `entry` is over once this browser may come in, should the room be private. */
export function useRoomSignals(roomId: string, entry: Promise<void>, ears: RoomEars) {
  const connected = ref(false)
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new Centrifuge(`${scheme}://${location.host}/rt`)
  const chat = socket.newSubscription(`room:${roomId}:chat`, { recoverable: true })
  const state = socket.newSubscription(`room:${roomId}:state`, { recoverable: true })

  chat.on('publication', ({ data }) => {
    if (data.kind === 'hide') ears.onHide(data as ChatHidden)
    else ears.onLine(data as ChatLine)
  })
  state.on('publication', ({ data }) => ears.onState(data as StateNews))
  socket.on('connected', () => (connected.value = true))
  socket.on('connecting', () => (connected.value = false))
  socket.on('disconnected', () => (connected.value = false))

  let gone = false
  onScopeDispose(() => {
    gone = true
    socket.disconnect()
  })
  void entry.finally(() => {
    if (gone) return
    chat.subscribe()
    state.subscribe()
    socket.connect()
  })
  return { connected }
}
