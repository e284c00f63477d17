import { describe, expect, it } from 'vitest'
import en from '../src/ui/words/en.json'
import zh from '../src/ui/words/zh-CN.json'
import { asLang, speak } from '../src/ui/words'

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort()

describe('words', () => {
  it('exist in both languages with the same places', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    for (const [key, text] of Object.entries(zh)) {
      expect(places(en[key as keyof typeof en]), key).toEqual(places(text))
    }
  })

  it('never shout, plead or blame', () => {
    for (const [key, text] of [...Object.entries(zh), ...Object.entries(en)]) {
      expect(text, key).not.toMatch(/[!！]|亲|家人们|oops|failed|失败/i)
    }
  })

  it('fills places and leaves unknown ones', () => {
    expect(speak('en')('room.watching', { n: '1,284' })).toBe('1,284 watching')
    expect(speak('zh-CN')('room.watching')).toBe('{n} 人在看')
    expect(asLang('zh-Hans')).toBe('zh-CN')
    expect(asLang('fr')).toBe('en')
  })

  it('promises nothing for the act of sharing', () => {
    for (const table of [zh, en]) {
      for (const [key, text] of Object.entries(table)) {
        if (key.startsWith('share.')) expect(text, key).not.toMatch(/券|红包|奖|coupon|reward|earn|get /i)
      }
    }
  })
})
