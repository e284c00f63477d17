import { describe, expect, it } from 'vitest'
import type { ChatLine } from '@sdk/events'
import { burst, hearts } from '../src/rooms/hearts'
import { matters, Sample } from '../src/rooms/sample'

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
