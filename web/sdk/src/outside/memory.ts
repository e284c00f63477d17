/** Where the visitor is kept: the host site's own storage, or this page when storage is closed. */
export interface Memory {
  get(name: string): string | null
  set(name: string, value: string): void
  remove?(name: string): void
}

export function memory(): Memory {
  const here = new Map<string, string>()
  const there = (): Storage | null => {
    try {
      return typeof window === 'undefined' ? null : window.localStorage
    } catch {
      return null // private windows and sandboxed frames refuse even to be asked
    }
  }
  return {
    get(name) {
      try {
        return there()?.getItem(name) ?? here.get(name) ?? null
      } catch {
        return here.get(name) ?? null
      }
    },
    remove(name) {
      here.delete(name)
      try {
        there()?.removeItem(name)
      } catch {
        // closed: there was nothing in it
      }
    },
    set(name, value) {
      here.set(name, value)
      try {
        there()?.setItem(name, value)
      } catch {
        // full or closed: it lasts as long as the page
      }
    },
  }
}
