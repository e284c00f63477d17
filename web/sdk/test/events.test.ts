import { expect, it } from 'vitest'
import { lineIn, type ChatLine } from '../src/events'

const line: ChatLine = {
  id: 'c1', kind: 'order', at: '', name: '爱笑的小熊', name_en: 'Smiling Bear Cub', text: '买了 春茶', text_en: 'bought Spring tea',
  reply: { id: 'c0', name: '好奇的水獭', name_en: 'Curious Otter', text: '好喝吗' },
}

it('reads a line in the language of its reader', () => {
  expect(lineIn(line, 'zh-CN')).toEqual(line)
  expect(lineIn(line, 'en')).toMatchObject({
    name: 'Smiling Bear Cub', text: 'bought Spring tea', reply: { name: 'Curious Otter', text: '好喝吗' },
  })
})

it('keeps what people chose and wrote', () => {
  const said: ChatLine = { id: 'c2', kind: 'chat', at: '', name: '小林', text: '你好' }
  expect(lineIn(said, 'en')).toEqual(said)
})
