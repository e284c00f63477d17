/**
 * The tree that shares grow into: a share opened from another share hangs below it.
 *
 * Twelve children at most are drawn per node, those who brought most; the rest become one
 * "+38" leaf, so that a popular host does not turn the picture into a comb.
 */
import type { ShareRow } from '../types'

export const CHILDREN_MAX = 12

export interface SpreadNode {
  name: string
  share: ShareRow | null
  /** Friends this share brought itself; the size of its dot. */
  friends: number
  children: SpreadNode[]
}

export function spreadTree(
  shares: readonly ShareRow[],
  rootName: string,
  moreName: (n: number) => string,
): SpreadNode {
  const known = new Set(shares.map((share) => share.token))
  const below = new Map<string | null, ShareRow[]>()
  for (const share of shares) {
    const parent = share.parent_token && known.has(share.parent_token) ? share.parent_token : null
    below.set(parent, [...(below.get(parent) ?? []), share])
  }

  function childrenOf(parent: string | null): SpreadNode[] {
    const rows = (below.get(parent) ?? []).sort((a, b) => b.clicks - a.clicks)
    const drawn = rows.slice(0, CHILDREN_MAX).map((share) => ({
      name: share.sharer_name,
      share,
      friends: share.clicks,
      children: childrenOf(share.token),
    }))
    const rest = rows.slice(CHILDREN_MAX)
    if (!rest.length) return drawn
    const friends = rest.reduce((sum, share) => sum + share.clicks, 0)
    return [...drawn, { name: moreName(rest.length), share: null, friends, children: [] }]
  }

  const children = childrenOf(null)
  return { name: rootName, share: null, friends: 0, children }
}

/** Between 6 and 28 px by the square root of the friends: area, not width, tells the number. */
export function dotSize(friends: number, most: number): number {
  return 6 + 22 * Math.sqrt(most > 0 ? friends / most : 0)
}

export function depth(node: SpreadNode): number {
  return 1 + Math.max(0, ...node.children.map(depth))
}

export function leaves(node: SpreadNode): number {
  return node.children.length ? node.children.reduce((sum, child) => sum + leaves(child), 0) : 1
}
