/** What this browser remembers for us. Storage may be switched off (private windows, in-app
 * browsers) or full; then nothing is remembered, and nothing else goes wrong. */
function drawer(storage: () => Storage) {
  return {
    get(name: string): string | null {
      try {
        return storage().getItem(name)
      } catch {
        return null
      }
    },
    set(name: string, value: string): void {
      try {
        storage().setItem(name, value)
      } catch {
        /* nothing to do */
      }
    },
    drop(name: string): void {
      try {
        storage().removeItem(name)
      } catch {
        /* nothing to do */
      }
    },
    /** Everything whose name begins so. */
    dropAll(beginning: string): void {
      try {
        const names = Object.keys(storage()).filter((name) => name.startsWith(beginning))
        names.forEach((name) => storage().removeItem(name))
      } catch {
        /* nothing to do */
      }
    },
  }
}

/** Until somebody clears it. */
export const kept = drawer(() => localStorage)

/** As long as this tab is open. */
export const keptInTab = drawer(() => sessionStorage)

/** Leave nothing of who was here: what tells of a person is named `yh.…`; how somebody likes to see
 * and hear (`yh-…`, `yh_…`) tells of nobody and stays. */
export function forgetPerson(): void {
  for (const one of [kept, keptInTab]) one.dropAll('yh.')
}
