/**
 * Where a share can go from this browser. The server decides which channels work here and in which
 * order; here a message is measured, cut and put into the address of a compose window.
 */

export type Opening =
  | 'clipboard' | 'save' | 'system' | 'menu' | 'poster' | 'picture' | 'intent' | 'app' | 'paste' | 'embed'
export type Content = 'link' | 'card' | 'poster' | 'clip'
export type PictureName = 'card' | 'square' | 'wide54' | 'thumb' | 'poster'

export interface ShareChannel {
  id: string
  name: string
  opens: Opening
  takes: Content[]
  /** What words may weigh beside the link; 0 when it takes no words of ours. */
  text_max: number
  wide_counts_double: boolean
  link_in_text: boolean
  picture: PictureName
  /** The shape the other side cuts that picture to, "" when it shows all of it. */
  cut: string
  address: string | null
  app_url: string | null
}

type Limits = Pick<ShareChannel, 'text_max' | 'wide_counts_double'>

/** The ranges that count once where wide characters count twice: Latin and its neighbours. */
function isLight(code: number): boolean {
  return (
    code <= 0x10ff || (code >= 0x2000 && code <= 0x200d) ||
    (code >= 0x2010 && code <= 0x201f) || (code >= 0x2032 && code <= 0x2037)
  )
}

/** How much of the channel's limit these words use. */
export function weigh(text: string, channel: Limits): number {
  let total = 0
  for (const mark of text) total += channel.wide_counts_double && !isLight(mark.codePointAt(0)!) ? 2 : 1
  return total
}

/** The words, cut with an ellipsis where the channel would cut them in the middle of a character. */
export function fit(text: string, channel: Limits): string {
  if (!channel.text_max) return ''
  if (weigh(text, channel) <= channel.text_max) return text
  let left = channel.text_max - weigh('…', channel)
  let kept = ''
  for (const piece of pieces(text)) {
    left -= weigh(piece, channel)
    if (left < 0) break
    kept += piece
  }
  return kept ? `${kept.trimEnd()}…` : ''
}

/** What must not be cut apart; an old browser only keeps surrogates together. */
function pieces(text: string): string[] {
  if (!('Segmenter' in Intl)) return [...text]
  return [...new Intl.Segmenter().segment(text)].map((one) => one.segment)
}

export interface Outgoing {
  text: string
  url: string
  picture: string
}

/** The address that opens the channel's compose window; null where it has none. */
export function composeUrl(channel: ShareChannel, { text, url, picture }: Outgoing): string | null {
  if (channel.address === null) return null
  const title = fit(text, channel)
  const said = channel.link_in_text ? (title ? `${title}\n${url}` : url) : title
  const values: Record<string, string> = { text: said, title, url, picture }
  return channel.address.replace(/\{(\w+)\}/g, (_, name: string) => quoted(values[name] ?? ''))
}

/** As RFC 3986 wants it, which is what the server writes, too. */
function quoted(text: string): string {
  // Half a character cannot be encoded.
  const whole = text.replace(/\p{Surrogate}/gu, '\uFFFD')
  return encodeURIComponent(whole).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
