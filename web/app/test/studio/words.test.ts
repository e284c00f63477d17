import { describe, expect, it } from 'vitest'
import { chrome } from '@app/studio/words/chrome'
import { live } from '@app/studio/words/live'
import { plays } from '@app/studio/words/plays'
import { reports } from '@app/studio/words/reports'
import { settings } from '@app/studio/words/settings'
import { shop } from '@app/studio/words/shop'
import { say, words } from '@app/studio/words'

const slots = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

describe('words of the studio', () => {
  it('exist in both languages with the same slots', () => {
    for (const [key, [zh, en]] of Object.entries(words)) {
      expect(zh, key).not.toBe('')
      expect(en, key).not.toBe('')
      expect(slots(en), key).toEqual(slots(zh))
    }
  })

  it('have one home each', () => {
    const sizes = [chrome, live, plays, reports, settings, shop].map((table) => Object.keys(table).length)
    expect(Object.keys(words)).toHaveLength(sizes.reduce((sum, size) => sum + size, 0))
  })

  it('keep to the voice: no exclamation marks, no "failed", no "oops"', () => {
    for (const [key, pair] of Object.entries(words)) {
      expect(pair.join(' '), key).not.toMatch(/[!！]|失败|failed|oops|亲，|家人们/i)
    }
  })

  it('fill slots and choose the plural', () => {
    expect(say('en', 'desk.new_lines', { n: 1 })).toBe('1 new line')
    expect(say('en', 'desk.new_lines', { n: 1200 })).toBe('1,200 new lines')
    expect(say('zh-CN', 'desk.pinned', { title: '春茶' })).toBe('已讲解：春茶')
  })
})
