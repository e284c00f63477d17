/**
 * The inline script of a room document: confirms a share's click and starts the video before any
 * bundle is there. At most 3 KB gzip, the one part outside `client.ts` and `player.ts`
 * that uses `fetch`.
 *
 * It leaves `window.__yh` behind (see `boot-handle.ts`). The bundle's player takes over by
 * replacing `bytes`, `end` and `drain`; until then bytes go straight into the SourceBuffer.
 */
import { joined } from './bytes'
import type { BootHandle, Phase } from './boot-handle'

interface Managed {
  ManagedMediaSource?: typeof MediaSource
}

const doc = document
const read = (id: string): HTMLElement | null => doc.getElementById(id)
const parse = (id: string): unknown => JSON.parse(read(id)?.textContent || 'null')

const page = read('yh-boot')!
const data = parse('yh-boot') as BootHandle['data']
data.share = (parse('yh-share') as BootHandle['data']['share']) ?? data.share
const video = read('yh-video') as HTMLVideoElement
const share = data.share
const queue: Uint8Array[] = []
let tried = 0

const yh: BootHandle = {
  data,
  video,
  source: null,
  buffer: null,
  abort: null,
  queue,
  codecs: '',
  epoch: '',
  timeline: '',
  rung: '',
  phase: 'idle',
  early: '',
  beacon: null,
  stats: { startedMs: 0, firstFrameMs: 0, appMs: 0, behindLiveMs: 0, stalls: 0, stalledMs: 0, route: '' },
  bytes(chunk) {
    queue.push(chunk)
    yh.drain()
  },
  drain() {
    const { buffer, source } = yh
    if (!buffer || buffer.updating || !queue.length || source!.readyState !== 'open') return
    try {
      // Init segment and first group of pictures in one append: half the time to the first frame.
      buffer.appendBuffer(joined(queue.splice(0)) as BufferSource)
    } catch {
      yh.end('append')
    }
  },
  end(reason) {
    set('ended')
    yh.reason = reason
  },
  play() {
    video.play().then(
      () => yh.phase === 'refused' && set('connecting'),
      (error: DOMException) => {
        // AbortError only says that a newer load replaced this one.
        if (error.name === 'NotAllowedError') set('refused')
      },
    )
  },
}
window.__yh = yh

function set(phase: Phase): void {
  yh.phase = phase
  doc.body.dataset.play = phase
}

function firstFrame(): void {
  if (yh.stats.firstFrameMs) return
  yh.stats.firstFrameMs = performance.now()
  performance.mark('yh:first-frame')
  // A refused video still draws its first frame; it stands, and waits for the tap.
  if (!video.paused) set('playing')
  loadApp()
}

/** The bundle waits for the first frame, so that it never competes with it for the line. */
function loadApp(): void {
  if (tried++) return
  const add = (tag: 'script' | 'link', set: Record<string, string>): void => {
    doc.head.append(Object.assign(doc.createElement(tag), set))
  }
  for (const href of (page.dataset.styles || '').split(' ').filter(Boolean)) {
    add('link', { rel: 'stylesheet', href })
  }
  add('script', { type: 'module', src: page.dataset.app! })
}

function open(media: NonNullable<BootHandle['data']['media']>): void {
  const Source = (window as Managed).ManagedMediaSource ?? window.MediaSource
  yh.stats.startedMs = performance.now()
  performance.mark('yh:start')
  set('connecting')
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(firstFrame)
  else video.addEventListener('timeupdate', firstFrame, { once: true })
  if (!Source) {
    // No MSE: an old iPhone plays HLS by itself; anything else waits for the bundle.
    yh.stats.route = 'hls'
    if (video.canPlayType('application/vnd.apple.mpegurl')) {
      video.src = media.hls
      yh.play()
    } else yh.end('no_mse')
    return
  }
  yh.stats.route = 'fetch'
  const source = (yh.source = new Source())
  video.src = URL.createObjectURL(source)
  const ready = new Promise((done) => source.addEventListener('sourceopen', done, { once: true }))
  yh.abort = new AbortController()
  fetch(media.stream, { signal: yh.abort.signal })
    .then(async (answer) => {
      if (!answer.ok || !answer.body) return yh.end(`http_${answer.status}`)
      yh.epoch = answer.headers.get('X-Yaohe-Epoch') || ''
      yh.timeline = answer.headers.get('X-Yaohe-Timeline') || ''
      yh.codecs = answer.headers.get('X-Yaohe-Codecs') || ''
      const type = `video/mp4; codecs="${yh.codecs}"`
      if (!Source.isTypeSupported(type)) return yh.end('codec')
      ready.then(() => {
        yh.buffer = source.addSourceBuffer(type)
        yh.buffer.onupdateend = () => {
          const { buffered } = video
          if (buffered.length && video.currentTime < buffered.start(0)) {
            video.currentTime = buffered.start(0)
          }
          yh.drain()
        }
        yh.drain()
      })
      const reader = answer.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return yh.end('closed')
        yh.bytes(value)
      }
    })
    .catch(() => yh.end('network'))
  yh.play()
}

function confirmClick(): void {
  if (!share || share.mine) return
  yh.beacon = fetch(`${data.base}/api/v1/beacon`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: share.token }),
    keepalive: true,
  }).then(
    async (answer) => {
      if (answer.ok) yh.opening = (await answer.json()).opening
      return answer.ok
    },
    () => false,
  )
}

function start(): void {
  performance.mark('yh:click', { startTime: 0 })
  video.disableRemotePlayback = video.muted = true
  if (share?.clip) {
    set('connecting')
    video.addEventListener('playing', () => (set('playing'), loadApp()), { once: true })
    video.src = share.clip
    yh.play()
  } else if (data.media && data.room.status === 'live') open(data.media)
  confirmClick()
  // No frame in time (or nothing to play): the page must still come alive.
  setTimeout(loadApp, yh.phase === 'connecting' ? 900 : 0)
}

doc.addEventListener('click', (event) => {
  const act = (event.target as Element).closest<HTMLElement>('[data-act]')?.dataset.act
  if (!act || yh.taken) return
  yh.early = act
  if (act === 'play' || act === 'sound') {
    video.muted = act === 'play' && video.muted
    yh.play()
  }
})
doc.addEventListener('WeixinJSBridgeReady', () => yh.play())
// A page drawn ahead of the tap is not yet a visit.
if ((doc as Document & { prerendering?: boolean }).prerendering) {
  doc.addEventListener('prerenderingchange', start, { once: true })
} else start()
