import { describe, expect, it } from 'vitest'
import { composeUrl, fit, weigh, type ShareChannel } from '../src/channels'

const x: ShareChannel = {
  id: 'x', name: 'X', opens: 'intent', takes: ['link'], text_max: 256, wide_counts_double: true, link_in_text: false,
  picture: 'card', cut: '2:1', address: 'https://x.com/intent/tweet?text={text}&url={url}', app_url: null,
}
const url = 'https://shop.example/s/aB3dE5gH7k'
const whatsapp = { ...x, wide_counts_double: false, text_max: 700, link_in_text: true, address: 'https://wa.me/?text={text}' }

describe('words for a channel', () => {
  it('are measured as the server measures them', () => {
    expect([weigh('abc', x), weigh('春茶', x), weigh('春茶', whatsapp), weigh('🍵', whatsapp)]).toEqual([3, 4, 2, 1])
  })

  it('are cut between characters, with an ellipsis', () => {
    const cut = fit('茶'.repeat(200), x)
    expect(cut.endsWith('…')).toBe(true)
    expect(weigh(cut, x)).toBeLessThanOrEqual(256)
    const family = '👨\u200d👩\u200d👧'
    expect(fit(`${'字'.repeat(6)}${family}${family}`, { text_max: 12, wide_counts_double: false })).toBe(`${'字'.repeat(6)}${family}…`)
    expect(fit('short', x)).toBe('short')
    expect(fit('anything', { ...x, text_max: 0 })).toBe('')
  })
})

describe('the address of a compose window', () => {
  const text = "小林 & 你一起看「春茶」 100% 🍵 it's (so) good*!"

  it('gives back what was put in', () => {
    const made = new URL(composeUrl(x, { text, url, picture: '' })!)
    expect(made.searchParams.get('text')).toBe(text)
    expect(made.searchParams.get('url')).toBe(url)
    expect(made.href).not.toMatch(/[!'()* ]/)
    expect(new URL(composeUrl(whatsapp, { text, url, picture: '' })!).searchParams.get('text')).toBe(`${text}\n${url}`)
    expect(new URL(composeUrl(whatsapp, { text: '', url, picture: '' })!).searchParams.get('text')).toBe(url)
  })

  it('is not broken by half a character or a place inside the words', () => {
    const made = new URL(composeUrl(x, { text: 'a\ud83c {url}', url, picture: '' })!)
    expect(made.searchParams.get('text')).toBe('a\ufffd {url}')
  })

  it('is nothing where there is none', () => {
    expect(composeUrl({ ...x, address: null }, { text, url, picture: '' })).toBeNull()
  })
})
