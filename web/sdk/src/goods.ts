/**
 * What a room has to sell, as a page keeps it: publications tell only what changed, in both
 * languages; a page shows one shelf in one of them.
 */
import type { Product, RoomState } from './events'

/** A product as the state of a room holds it. */
export interface Card extends Omit<Product, 'id' | 'pinned'> {
  title_en: string
  subtitle_en: string
}

/** A publication of a room's state: what changed since the last one, inside of products as well. */
export interface StateNews extends Partial<Omit<RoomState, 'products'>> {
  shelf?: string[]
  products?: Record<string, Partial<Card>>
}

export class Goods {
  readonly #chinese: boolean
  readonly #cards: Record<string, Card> = {}
  #shelf: string[] = []
  #pinned: string | null = null

  constructor(lang: string) {
    this.#chinese = lang.startsWith('zh')
  }

  /** The state in the page's language; with `products`, all of them, when any of them changed. */
  read({ shelf, products, ...rest }: StateNews): Partial<RoomState> {
    for (const [id, changed] of Object.entries(products ?? {})) {
      this.#cards[id] = { ...this.#cards[id], ...changed } as Card
    }
    if (shelf) this.#shelf = shelf
    if (rest.pinned !== undefined) this.#pinned = rest.pinned
    const touched = shelf || products || rest.pinned !== undefined
    return touched ? { ...rest, products: this.#shown() } : rest
  }

  #shown(): Product[] {
    return this.#shelf.flatMap((id) => {
      const card = this.#cards[id]
      if (!card) return []
      const { title_en, subtitle_en, ...both } = card
      const words = this.#chinese
        ? {}
        : {
            title: title_en || both.title,
            subtitle: subtitle_en || both.subtitle,
            variants: both.variants.map((one) => ({ ...one, title: one.title_en || one.title })),
          }
      return [{ ...both, ...words, id, pinned: id === this.#pinned }]
    })
  }
}
