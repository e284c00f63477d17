import { describe, expect, it } from 'vitest'
import { CHILDREN_MAX, dotSize, leaves, spreadTree } from '@app/studio/reports/spread'
import type { ShareRow } from '@app/studio/types'

function share(token: string, parent: string | null = null, clicks = 0): ShareRow {
  return {
    token, parent_token: parent, clicks, sharer_name: token, sharer_name_en: token, channel: 'x', content: 'card', state: 'intended',
    created_at: '', hits: 0, bot_hits: 0, openings: 0, watch_ms: 0, coupons: 0, orders: 0, paid_minor: 0,
  }
}

const more = (n: number): string => `+${n}`

describe('the tree of shares', () => {
  it('hangs a share below the one it was opened from, most friends first', () => {
    const tree = spreadTree([share('a', null, 1), share('b', null, 5), share('c', 'b', 2)], 'room', more)
    expect(tree.children.map((child) => child.name)).toEqual(['b', 'a'])
    expect(tree.children[0]?.children.map((child) => child.name)).toEqual(['c'])
    expect(leaves(tree)).toBe(2)
  })

  it('keeps a share whose parent is not in the report', () => {
    expect(spreadTree([share('a', 'elsewhere')], 'room', more).children).toHaveLength(1)
  })

  it('merges what is beyond twelve into one leaf that says how many', () => {
    const many = Array.from({ length: 50 }, (_, i) => share(`s${i}`, null, i))
    const { children } = spreadTree(many, 'room', more)
    expect(children).toHaveLength(CHILDREN_MAX + 1)
    expect(children.at(-1)).toMatchObject({ name: '+38', share: null })
    expect(children[0]?.friends).toBe(49)
  })

  it('draws dots from 6 to 28 by area', () => {
    expect(dotSize(0, 10)).toBe(6)
    expect(dotSize(10, 10)).toBe(28)
    expect(dotSize(1, 4)).toBe(17)
    expect(dotSize(0, 0)).toBe(6)
  })
})
