import { describe, expect, it } from 'vitest'
import type { ChatLine } from '@sdk/events'
import { burst, hearts } from '../src/rooms/hearts'
import { matters, Sample } from '../src/rooms/sample'
import { saidBy } from '../src/rooms/usePastChat'

const line = (id: string, more: Partial<ChatLine> = {}): ChatLine => ({ id, name: 'n', text: id, kind: 'chat', at: '', ...more })

describe('a flood of lines', () => {
  it('keeps a few of the newest, and every line that matters', () => {
    const sample = new Sample()
    for (let n = 0; n < 3000; n++) sample.add(line(`c${n}`), false)
    for (const id of ['h1', 'h2']) sample.add(line(id, { kind: 'host' }), true)
    for (let n = 3000; n < 6000; n++) sample.add(line(`c${n}`), false)
    const shown: string[] = []
    for (let next = sample.next(); next; next = sample.next()) shown.push(next.id)
    expect(shown.slice(0, 2)).toEqual(['h1', 'h2'])
    expect(shown.slice(2)).toEqual(Array.from({ length: 9 }, (_, n) => `c${5991 + n}`))
  })

  it('tells what matters to whom', () => {
    expect(matters(line('a', { kind: 'announcement' }), 'v_me')).toBe(true)
    expect(matters(line('a', { v: 'v_me' }), 'v_me')).toBe(true)
    expect(matters(line('a', { to: ['v_x', 'v_me'] }), 'v_me')).toBe(true)
    expect(matters(line('a', { to: ['v_x'] }), 'v_me')).toBe(false)
    expect(matters(line('a'), undefined)).toBe(false)
  })

  it('forgets what was taken away before it was shown', () => {
    const sample = new Sample()
    for (const id of ['a', 'b', 'c']) sample.add(line(id, { v: id === 'b' ? 'v_x' : 'v_y' }), false)
    sample.forget((one) => one.v === 'v_y')
    expect([sample.next()?.id, sample.next()]).toEqual(['b', undefined])
  })
})

describe('likes', () => {
  it('become bursts that grow slowly and end', () => {
    expect([0, 1, 2, 7, 64, 100_000].map(burst)).toEqual([0, 1, 2, 3, 6, 6])
  })

  it('leave one after another on ways of their own', () => {
    let id = 0
    const made = hearts(3, () => ++id, () => 0.5)
    expect(made.map((heart) => [heart.id, heart.delayMs])).toEqual([[1, 0], [2, 90], [3, 180]])
    expect(made.every((heart) => heart.drift === 0 && heart.size === 26)).toBe(true)
  })
})

describe('the chat of a moment in the past', () => {
  const at = (media_at: number): Partial<ChatLine> => ({ media_at })
  const timeOf = (one: ChatLine): number => one.media_at ?? 0

  it('is the last lines that were said by then, each once and in order', () => {
    const fetched = [line('a', at(1)), line('b', at(5)), line('d', at(9))]
    const meanwhile = [line('c', at(7)), line('d', at(9)), line('e', at(99))]
    expect(saidBy(8, timeOf, fetched, meanwhile).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(saidBy(50, timeOf, fetched, meanwhile).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    const many = Array.from({ length: 20 }, (_, n) => line(`${n}`, at(n)))
    expect(saidBy(12, timeOf, many).map(({ id }) => id)).toEqual(['8', '9', '10', '11', '12'])
  })
})
