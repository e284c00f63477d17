import { describe, expect, it } from 'vitest'
import { say, words } from '@app/studio/words'

type Table = Record<string, readonly [string, string]>
const modules = import.meta.glob<Record<string, Table>>('../../src/studio/words/!(index).ts', { eager: true })
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
    const keys = Object.values(modules).flatMap((module) => Object.values(module)).flatMap((table) => Object.keys(table))
    expect(keys.sort()).toEqual(Object.keys(words).sort())
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
