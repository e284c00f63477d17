// node-media-server with its group-of-pictures cache, and a page with mpegts.js that plays from it.
import { createServer } from 'node:http'
import { createServer as probe } from 'node:net'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const free = () => new Promise((done) => {
  const server = probe().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => done(port))
  })
})
console.info = console.debug = () => {}
const told = console.log
console.log = () => {}
const [rtmp, http] = [await free(), await free()]
const Server = require('node-media-server')
const server = new Server({
  bind: '127.0.0.1',
  notify: { url: '' },
  auth: { play: false, publish: false, secret: 'bench' },
  rtmp: { port: rtmp },
  http: { port: http },
  store: { path: 'nms-data' },
  record: { auto: false, path: '' },
  admin: { enable: false },
})
server.run()

const script = readFileSync(require.resolve('mpegts.js/dist/mpegts.js'))
const page = `<!doctype html><meta charset=utf-8><video id=v muted playsinline></video>
<script src=/mpegts.js></script><script>
  const video = document.getElementById('v')
  window.stats = { startedMs: performance.now(), firstFrameMs: 0 }
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, url: 'http://127.0.0.1:${http}/live/bench.flv' },
    { enableStashBuffer: false, liveBufferLatencyChasing: true, enableWorker: false },
  )
  player.attachMediaElement(video)
  player.load()
  video.requestVideoFrameCallback(() => { stats.firstFrameMs = performance.now() })
  player.play()
</script>`
const pages = createServer((request, answer) => {
  const isScript = request.url.startsWith('/mpegts.js')
  answer.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
  answer.end(isScript ? script : page)
})
pages.listen(0, '127.0.0.1', () => told(JSON.stringify({ rtmp, http, page: pages.address().port })))
