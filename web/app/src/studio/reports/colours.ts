/** A channel keeps its colour on every page; the classes are in report.css, from the tokens. */
const PLACES: Record<string, number> = {
  wechat: 3,
  wechat_chat: 3,
  wechat_moments: 3,
  copy_link: 1,
  weibo: 4,
  x: 5,
  whatsapp: 2,
  telegram: 6,
}

export function channelColour(channel: string): string {
  return `s-chart-${PLACES[channel] ?? 'other'}`
}
