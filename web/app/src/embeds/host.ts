/**
 * What the page around is told: that the room is there, the shape of its picture, and whether it is
 * on. Messages go to the origin of that page alone, and nothing is taken from it.
 */

/** The origin of the page around; "" where there is none, or the browser does not tell. */
export function hostOrigin(): string {
  if (window.parent === window) return ''
  const told = location.ancestorOrigins?.[0]
  if (told && told !== 'null') return told
  try {
    return new URL(document.referrer).origin
  } catch {
    return ''
  }
}

export type HostMessage =
  | { type: 'ready'; title: string; status: string }
  | { type: 'size'; width: number; height: number }
  | { type: 'status'; status: string }

export function tellHost(room: string, message: HostMessage): void {
  const origin = hostOrigin()
  if (origin) window.parent.postMessage({ yaohe: 1, room, ...message }, origin)
}

/** The room's own page, for what is done there: it keeps what the frame's address said of the way
 * here, else it tells the site. */
export function roomUrl(room: string, site: string, wish: { product?: string; share?: string } = {}): string {
  const url = new URL(wish.share ? `/s/${wish.share}` : `/r/${room}`, location.origin)
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name.startsWith('utm_') || name === 'lang') url.searchParams.set(name, value)
  }
  if (site && !wish.share && !url.searchParams.has('utm_source')) {
    url.searchParams.set('utm_source', new URL(site).host)
    if (!url.searchParams.has('utm_medium')) url.searchParams.set('utm_medium', 'referral')
  }
  if (wish.product) url.searchParams.set('product', wish.product)
  return url.href
}
