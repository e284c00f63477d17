/** Words of the self-test, zh-CN first. They live here so that no other page carries them. */
const table = {
  mse: ['边收边放 (MSE)', 'Play what arrives (MSE)'],
  native_hls: ['自带 HLS', 'HLS by itself'],
  h264: ['H.264 + AAC', 'H.264 + AAC'],
  hevc: ['H.265', 'H.265'],
  av1: ['AV1', 'AV1'],
  opus: ['Opus 声音', 'Opus sound'],
  stream: ['流式读取', 'Streaming fetch'],
  socket: ['WebSocket', 'WebSocket'],
  autoplay: ['静音自动播放', 'Plays muted by itself'],
  small_window: ['小窗播放', 'Small window'],
  webcodecs: ['WebCodecs 编码', 'WebCodecs encoding'],
  webrtc: ['WebRTC', 'WebRTC'],
  round_trip: ['到服务器来回', 'To the server and back'],
  room: ['试的直播间', 'Room tried'],
  way: ['画面走的路', 'Way of the picture'],
  first_frame: ['首帧', 'First frame'],
  opened: ['从打开到首帧', 'From opening to first frame'],
  behind: ['落后最新一帧', 'Behind the newest frame'],
  stalls: ['卡住', 'Stalls'],
  yes: ['行', 'Yes'],
  no: ['不行', 'No'],
  unknown: ['试不出来', 'Cannot tell'],
  wait: ['在试…', 'Trying…'],
  seconds: ['{n} 秒', '{n} s'],
  ms: ['{n} 毫秒', '{n} ms'],
  times: ['{n} 次', '{n}'],
  no_room: ['现在没有直播，只能试到这里', 'Nothing is live now, so this is all that can be tried'],
  no_picture: ['15 秒内没有画面', 'No picture within 15 seconds'],
  tap: ['要点一下才播', 'Wants a tap first'],
  good: ['这个浏览器看得了直播', 'This browser plays live shows'],
  slow: ['这个浏览器看得了，但会慢几秒', 'This browser plays live shows, a few seconds late'],
  bad: ['这个浏览器看不了直播，换系统浏览器打开', 'This browser cannot play live shows. Open the link in the phone’s own browser'],
  copy: ['复制报告', 'Copy the report'],
  copied: ['复制好了', 'Copied'],
  copy_by_hand: ['长按上面的文字复制', 'Hold the text above to copy it'],
} as const

export type Word = keyof typeof table

export function words(lang: string): (key: Word, n?: string | number) => string {
  const at = lang.indexOf('zh') === 0 ? 0 : 1
  return (key, n = '') => table[key][at].replace('{n}', String(n))
}
