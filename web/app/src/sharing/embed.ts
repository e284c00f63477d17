/** The embed code of a share: the room in a frame, for whoever writes a page. Pure. */

const MARKS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (mark) => MARKS[mark]!)

export function embedCode(shop: string, room: string, token: string, title: string): string {
  const address = `${shop}/embed/${encodeURIComponent(room)}?s=${encodeURIComponent(token)}`
  return (
    `<iframe src="${escaped(address)}" width="640" height="360" title="${escaped(title)}" ` +
    'style="border:0" loading="lazy" allow="autoplay; fullscreen; picture-in-picture; clipboard-write; web-share"></iframe>'
  )
}
