/**
 * The last minutes in a row of small pictures, and the part of them that is to travel. Stands still
 * while the sheet is open: nothing moves under the finger, though the show goes on.
 */
import { computed, shallowReactive } from 'vue'
import { lastOf, momentAt, positionOf, Rewind, totalMs, type Replay } from '@sdk/rewind'
import type { Room } from '@sdk/room'
import type { Stretch } from './useShareClip'

export type Edge = 'begin' | 'end' | 'all'
export const FRAMES = 8
const STRIP_MS = 120_000
const STRIP_MS_MIN = 10_000
const PART_MS_MIN = 3_000
const PART_MS_MAX = 60_000

/** Part of the strip, in milliseconds of replay: breaks of the stream take no room. */
export interface Part {
  begin: number
  end: number
}

/** The part after one of its edges, or all of it, was moved by `ms`; it stays within the strip, and
 * neither shorter nor longer than a clip may be. */
export function moved(part: Part, edge: Edge, ms: number, strip: Part): Part {
  const { begin, end } = part
  const between = (least: number, value: number, most: number): number => Math.max(least, Math.min(value, most))
  if (edge === 'begin') return { begin: between(Math.max(strip.begin, end - PART_MS_MAX), begin + ms, end - PART_MS_MIN), end }
  if (edge === 'end') return { begin, end: between(begin + PART_MS_MIN, end + ms, Math.min(strip.end, begin + PART_MS_MAX)) }
  const by = between(strip.begin - begin, ms, strip.end - end)
  return { begin: begin + by, end: end + by }
}

export function useClipStrip(room: Room) {
  const state = shallowReactive({ strip: null as Part | null, replay: null as Replay | null })
  const spans = computed(() => state.replay?.spans ?? [])

  /** Where nothing is recorded there is no strip: the lengths are there still. */
  async function load(): Promise<void> {
    state.strip = state.replay = null
    const told = await recorded().catch(() => null)
    if (!told?.faces.length) return
    // Up to what is on screen; at the live edge that is what was recorded last.
    const { at } = room.shown()
    const end = at === null ? totalMs(told.spans) : positionOf(told.spans, at)
    const begin = Math.max(0, end - STRIP_MS)
    state.replay = told
    state.strip = end - begin < STRIP_MS_MIN ? null : { begin, end }
  }

  /** Asked in a way that is no error where there is nothing, as at the beginning of a show. */
  async function recorded(): Promise<Replay | null> {
    const rewind = new Rewind(room.client, room.id, room.player)
    const { position_ms } = await rewind.place((room.shown().at ?? room.now()) - STRIP_MS_MIN)
    return position_ms === null ? null : rewind.load()
  }

  const frames = computed(() => {
    const { strip, replay } = state
    if (!strip || !replay) return []
    const step = (strip.end - strip.begin) / FRAMES
    return Array.from({ length: FRAMES }, (_, n) => {
      const at = momentAt(spans.value, strip.begin + (n + 0.5) * step)
      return (lastOf(replay.faces, (face) => Date.parse(face.at) <= at) ?? replay.faces[0]!).url
    })
  })

  /** The part of the strip that a stretch of the show is, and the other way round. */
  function partOf({ lastS, at }: Stretch): Part {
    const end = at === null ? state.strip!.end : positionOf(spans.value, at)
    const begin = at === null ? end - lastS * 1000 : positionOf(spans.value, at - lastS * 1000)
    return { begin: Math.max(state.strip!.begin, begin), end }
  }

  function stretchOf(part: Part): Stretch {
    const at = momentAt(spans.value, part.end)
    return { lastS: (at - momentAt(spans.value, part.begin)) / 1000, at }
  }

  return { state, frames, load, partOf, stretchOf }
}
