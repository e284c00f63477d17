import { expect, it } from 'vitest'
import { Goods, type StateNews } from '../src/goods'

const card = {
  title: '春茶', title_en: 'Spring tea', subtitle: '明前', subtitle_en: '', price_minor: 9900, list_price_minor: null, stock: 3, picture: null,
  variants: [{ id: 'var_1', title: '红罐', title_en: 'Red tin', price_minor: 9900, stock: 1 }, { id: 'var_2', title: '蓝罐', title_en: '', price_minor: 9900, stock: 2 }],
}
const whole: StateNews = {
  status: 'live', viewers: 2, pinned: 'tea', coupon_left: 9, shelf: ['cup', 'tea'], products: { tea: card, cup: { ...card, title: '盖碗', title_en: '' } },
}

it('makes one shelf of a whole state, in the page’s language', () => {
  const shown = new Goods('en').read(whole)
  expect(shown).toMatchObject({ status: 'live', viewers: 2, pinned: 'tea', coupon_left: 9 })
  expect(shown.products?.map(({ id, title, subtitle, pinned }) => [id, title, subtitle, pinned])).toEqual([
    ['cup', '盖碗', '明前', false],
    ['tea', 'Spring tea', '明前', true],
  ])
  expect(shown.products?.[0]).not.toHaveProperty('title_en')
  expect(shown.products?.[1]?.variants.map(({ title }) => title)).toEqual(['Red tin', '蓝罐'])
  const [, tea] = new Goods('zh-CN').read(whole).products ?? []
  expect([tea?.title, tea?.variants[0]?.title]).toEqual(['春茶', '红罐'])
})

it('takes what changed: stock, a price, the order, the one that is shown', () => {
  const goods = new Goods('zh-CN')
  goods.read(whole)
  expect(goods.read({ likes: 5 })).toEqual({ likes: 5 })
  const sold = goods.read({ products: { tea: { stock: 0 } } })
  expect(sold.products?.map(({ id, stock, title, pinned }) => [id, stock, title, pinned])).toEqual([
    ['cup', 3, '盖碗', false],
    ['tea', 0, '春茶', true],
  ])
  expect(goods.read({ pinned: null }).products?.some(({ pinned }) => pinned)).toBe(false)
  expect(goods.read({ shelf: ['tea'] }).products?.map(({ id }) => id)).toEqual(['tea'])
  expect(goods.read({ shelf: ['tea', 'unknown'] }).products).toHaveLength(1)
})
