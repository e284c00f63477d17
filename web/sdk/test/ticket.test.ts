import { describe, expect, it, vi } from 'vitest'
import type { Client } from '../src/client'
import { startOf } from '../src/hls'
import { keepTicket, withTicket } from '../src/ticket'

const LIST = `#EXTM3U
#EXT-X-MAP:URI="reel-1-init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T08:00:00.000Z
#EXTINF:5.200,
reel-1-0.m4s
`
const BEGAN = Date.parse('2026-11-23T08:00:00Z')

describe('a jump into what was', () => {
  it('lands on the asked second inside the first piece', () => {
    expect(startOf(LIST, BEGAN + 3400)).toBeCloseTo(3.4)
  })
  it('begins with the list where the moment fell into a gap, or cannot be told', () => {
    expect(startOf(LIST, BEGAN - 4000)).toBe(0)
    expect(startOf(LIST, BEGAN + 60_000)).toBe(0)
    expect(startOf('#EXTM3U', BEGAN)).toBe(0)
  })
})

describe('a ticket', () => {
  it('takes the place of the one before and leaves the rest of the address', () => {
    expect(withTicket('/live/tea/ws?ticket=old&rung=480p', 'new')).toBe('/live/tea/ws?ticket=new&rung=480p')
    expect(withTicket('/live/tea/ws', 'new')).toBe('/live/tea/ws')
  })

  it('is renewed halfway, in every address of the media', async () => {
    vi.useFakeTimers()
    const at = (name: string, ticket: string): string => `/live/tea/${name}?ticket=${ticket}`
    const media = { stream: at('stream.mp4', 'a'), ws: at('ws', 'a'), hls: at('index.m3u8', 'a'), poster: '', w: 0, h: 0 }
    const post = vi.fn().mockResolvedValue({ ticket: 'b', life_s: 600 })
    keepTicket({ post } as unknown as Client, { media, ticket: { text: 'a', life_s: 600 }, room: { id: 'tea' } as never })
    await vi.advanceTimersByTimeAsync(299_000)
    expect(post).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(post).toHaveBeenCalledWith('/api/v1/rooms/tea/ticket')
    expect([media.stream, media.ws, media.hls]).toEqual([at('stream.mp4', 'b'), at('ws', 'b'), at('index.m3u8', 'b')])
    vi.useRealTimers()
  })

  it('is not asked for where a room is open to everybody', () => {
    vi.useFakeTimers()
    keepTicket({} as unknown as Client, { media: null, ticket: null, room: { id: 'tea' } as never })
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
