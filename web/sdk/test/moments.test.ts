import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Moments } from '../src/moments'
import { chatError } from '../src/room'

describe('moments', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('tells at once what needs no waiting', () => {
    const told: number[] = []
    const moments = new Moments(() => null)
    moments.tell(5000, () => told.push(1))
    moments.tell(undefined, () => told.push(2))
    expect(told).toEqual([1, 2])
  })

  it('waits for the picture, in order', () => {
    let shown = 1000
    const told: string[] = []
    const moments = new Moments(() => shown)
    moments.tell(3000, () => told.push('pin'))
    moments.tell(undefined, () => told.push('hide'))
    moments.tell(2000, () => told.push('late line'))
    vi.advanceTimersByTime(500)
    expect(told).toEqual([])
    shown = 3000
    vi.advanceTimersByTime(100)
    expect(told).toEqual(['pin', 'hide', 'late line'])
  })

  it('does not wait for ever, and not at all when something must be told', () => {
    const told: string[] = []
    const moments = new Moments(() => 0)
    moments.tell(9e9, () => told.push('a'))
    vi.advanceTimersByTime(30_200)
    expect(told).toEqual(['a'])
    moments.tell(9e9, () => told.push('b'))
    moments.flush()
    expect(told).toEqual(['a', 'b'])
  })
})

describe('a refused line', () => {
  it('tells the code and when to try again', () => {
    expect(chatError({ code: 111, message: 'chat_slow_mode:12' })).toMatchObject({ code: 'chat_slow_mode', retryAfterS: 12 })
    expect(chatError({ code: 107, message: 'chat_link' })).toMatchObject({ code: 'chat_link', retryAfterS: null })
    expect(chatError({ code: 1, message: 'Timed out!' })).toMatchObject({ code: 'timeout' })
    expect(chatError({ code: 100, message: 'internal server error' })).toMatchObject({ code: 'chat_refused' })
  })
})
