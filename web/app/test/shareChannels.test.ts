import { describe, expect, it } from 'vitest'
import type { ShareChannel } from '@sdk/channels'
import { choicesFor, type Tab } from '../src/sharing/channels'
import { embedCode } from '../src/sharing/embed'

const one = (id: string, opens: ShareChannel['opens'], more: Partial<ShareChannel> = {}): ShareChannel => ({
  id, name: id, opens, takes: ['link', 'card', 'clip'], text_max: 100, wide_counts_double: false, link_in_text: false,
  picture: 'card', cut: '', address: null, app_url: null, ...more,
})
const channels = [
  one('wechat', 'poster', { takes: ['link', 'card', 'poster'], picture: 'thumb', cut: '1:1' }),
  one('copy_link', 'clipboard', { takes: ['link', 'card', 'poster', 'clip'] }),
  one('save_card', 'save', { takes: ['card', 'poster'], text_max: 0 }),
  one('qr_poster', 'poster', { takes: ['poster'], picture: 'poster', text_max: 0 }),
  one('weibo', 'intent'),
  one('system', 'system', { takes: ['link', 'card', 'poster', 'clip'] }),
  one('douyin', 'picture', { takes: ['card'], picture: 'square', cut: '1:1' }),
  one('facebook', 'intent', { text_max: 0 }),
  one('x', 'intent', { cut: '2:1' }),
  one('sms', 'app', { takes: ['link'] }),
]
const around = { canSystemShare: false, canShareFiles: false, canShareVideos: false, canSave: true, isApple: false, last: '' }
const on = (tab: Tab, more = {}, from = channels) => choicesFor(tab, from, { ...around, ...more })
const ids = (...given: Parameters<typeof on>) => on(...given).map(({ id }) => id)

describe('channels in the sheet', () => {
  it('offers the system’s sheet only where there is one', () => {
    expect(ids('moment')).not.toContain('system')
    expect(ids('moment', { canSystemShare: true })).toContain('system')
  })

  it('offers the embed code with the link, where the shop named a site', () => {
    const from = [...channels, one('embed', 'embed', { takes: ['link'], text_max: 0 })]
    expect(on('link', {}, from).at(-1)).toMatchObject({ id: 'embed', way: 'embed', shows: 'link', isFile: false })
    expect(ids('moment', {}, from)).not.toContain('embed')
    expect(embedCode('https://shop.example', 'tea', 'Ab3dEf6h1J', 'Tea "<now>" & later')).toBe(
      '<iframe src="https://shop.example/embed/tea?s=Ab3dEf6h1J" width="640" height="360" title="Tea &quot;&lt;now&gt;&quot; &amp; later" ' +
        'style="border:0" loading="lazy" allow="autoplay; fullscreen; picture-in-picture; clipboard-write; web-share"></iframe>',
    )
  })

  it('points at the app’s own menu where there is one and saves a poster elsewhere', () => {
    const inside = [{ ...channels[0]!, opens: 'menu' as const }]
    expect(on('moment', {}, inside)[0]).toMatchObject({ way: 'hint', shows: 'link', isFile: false })
    expect(on('poster', {}, inside)[0]).toMatchObject({ way: 'save', shows: 'poster', isFile: true })
    expect(on('moment')[0]).toMatchObject({ way: 'save', shows: 'poster', action: 'share.do.save_poster' })
  })

  it('shows a poster only where a picture can go, and a link where words can', () => {
    expect(ids('poster')).toEqual(['wechat', 'qr_poster'])
    expect(ids('link')).toEqual(['copy_link', 'weibo', 'facebook', 'x', 'sms'])
    expect(ids('moment')).toEqual(['wechat', 'copy_link', 'save_card', 'weibo', 'douyin', 'facebook', 'x'])
  })

  it('sends a clip where videos go, as a file where one can be handed on', () => {
    const from = [...channels.slice(0, 3), one('save_clip', 'save', { takes: ['clip'] }), ...channels.slice(4), one('xhs', 'picture')]
    const clips = (more = {}) => on('clip', { canSystemShare: true, ...more }, from)
    expect(clips().map(({ id, way, isFile }) => `${id} ${way} ${isFile}`)).toEqual([
      'copy_link copy false', 'save_clip save true', 'weibo open false', 'system system false', 'facebook open false', 'x open false', 'xhs post true',
    ])
    expect(new Set(clips().map(({ shows }) => shows))).toEqual(new Set(['clip']))
    const system = (more: object) => clips(more).find(({ id }) => id === 'system')?.isFile
    expect(system({ canShareVideos: true })).toBe(true)
    // Apple would drop the link beside it.
    expect(system({ canShareVideos: true, isApple: true })).toBe(false)
    // An app's own browser downloads nothing.
    expect(clips({ canSave: false }).map(({ id }) => id)).toEqual(['copy_link', 'weibo', 'system', 'facebook', 'x'])
    expect(ids('moment', {}, from)).not.toContain('save_clip')
  })

  it('previews what the channel really carries', () => {
    const shows = (tab: Tab, more = {}) =>
      Object.fromEntries(on(tab, { canSystemShare: true, ...more }).map(({ id, shows: what, cut }) => [id, what + cut]))
    expect(shows('moment')).toEqual({
      wechat: 'poster', copy_link: 'card', save_card: 'card', weibo: 'card', system: 'link', douyin: 'square1:1', facebook: 'card', x: 'card2:1',
    })
    expect(shows('moment', { canShareFiles: true })['system']).toBe('card')
    expect(shows('moment', { canShareFiles: true, isApple: true })['system']).toBe('poster')
    expect(new Set(Object.values(shows('poster', { canShareFiles: true })))).toEqual(new Set(['poster']))
    expect(new Set(Object.values(shows('link', { canShareFiles: true })))).toEqual(new Set(['link']))
  })

  it('asks for words only where words of ours arrive', () => {
    const worded = (more = {}) => on('moment', { canSystemShare: true, ...more }).filter(({ hasWords }) => hasWords).map(({ id }) => id)
    expect(worded({ canShareFiles: true })).toEqual(['weibo', 'system', 'douyin', 'x'])
    // Apple drops the words beside a file.
    expect(worded({ canShareFiles: true, isApple: true })).toEqual(['weibo', 'douyin', 'x'])
  })

  it('puts what was used last first, and keeps the rest in the server’s order', () => {
    expect(ids('moment', { last: 'x' })).toEqual(['x', 'wechat', 'copy_link', 'save_card', 'weibo', 'douyin', 'facebook'])
    expect(ids('moment', { last: 'gone' })[0]).toBe('wechat')
  })
})
