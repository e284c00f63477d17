/**
 * The rooms of the shop and the one being worked on, shared by the bar and all pages.
 *
 * The current room is remembered in this browser; a live room wins when none is remembered.
 */
import { computed, ref, shallowRef } from 'vue'
import { kept } from '../ui/kept'
import { api } from './api'
import type { Room } from './types'

const KEPT = 'yh_studio_room'

const rooms = shallowRef<Room[]>([])
const loaded = ref(false)
const currentId = ref<string | null>(kept.get(KEPT))
const current = computed(() => rooms.value.find((room) => room.id === currentId.value) ?? null)

function choose(id: string): void {
  currentId.value = id
  kept.set(KEPT, id)
}

async function load(): Promise<void> {
  rooms.value = await api.rooms()
  loaded.value = true
  if (!current.value) {
    const first = rooms.value.find((room) => room.status === 'live') ?? rooms.value[0]
    if (first) choose(first.id)
  }
}

/** Puts a changed room in its place without asking the server again. */
function replace(room: Room): void {
  const known = rooms.value.some((one) => one.id === room.id)
  rooms.value = known
    ? rooms.value.map((one) => (one.id === room.id ? { ...one, ...room } : one))
    : [room, ...rooms.value]
}

export function useRooms() {
  return { rooms, loaded, current, currentId, choose, load, replace }
}
