// Fails when a page grows over its budget (gzip bytes, look.md §8). Run after the build.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const KB = 1024
const out = fileURLToPath(new URL('../../src/yaohe/front/static/', import.meta.url))
const manifest = JSON.parse(readFileSync(`${out}manifest.json`, 'utf8'))
const gzip = (path) => gzipSync(readFileSync(out + path), { level: 9 }).length

/** A chunk with everything it needs at once, minus what another page has loaded before. */
function closure(entry, without = new Set()) {
  const files = { js: new Set(), css: new Set() }
  const seen = new Set()
  const walk = (key) => {
    if (seen.has(key)) return
    seen.add(key)
    const chunk = manifest[key]
    if (!without.has(chunk.file)) files.js.add(chunk.file)
    for (const css of chunk.css ?? []) if (!without.has(css)) files.css.add(css)
    for (const other of chunk.imports ?? []) walk(other)
  }
  walk(entry)
  return files
}

const sum = (files) => [...files].reduce((total, file) => total + gzip(file), 0)
const room = closure('app/src/rooms/main.ts')
const roomFiles = new Set([...room.js, ...room.css])
const sheets = closure('app/src/rooms/RoomSheets.vue', roomFiles)
const loaded = new Set([...roomFiles, ...sheets.js, ...sheets.css])
const later = (entry) => {
  const { js, css } = closure(entry, loaded)
  return sum(js) + sum(css)
}
const embed = closure('app/src/embeds/main.ts')
const studio = closure('app/src/studio/main.ts')
const studioFiles = new Set([...studio.js, ...studio.css])
const firstPage = closure('app/src/studio/live/RoomsPage.vue', studioFiles)
const charts = closure('app/src/studio/reports/SpreadTree.vue', studioFiles)

const rows = [
  ['boot script', gzip('boot.js'), 3 * KB],
  ['inline style of a room', gzip('page.css'), 5 * KB],
  ['self-test', gzip('selftest.js') + gzip('selftest.css'), 8 * KB],
  ['SDK core', gzip('sdk/yaohe.js'), 12 * KB],
  ['SDK core as a script', gzip('sdk/yaohe.global.js'), 12 * KB],
  ['SDK share sheet', gzip('sdk/yaohe.sheet.js'), 8 * KB],
  ['room JS', sum(room.js), 90 * KB],
  ['room CSS', sum(room.css) + gzip('page.css') + sum(sheets.css), 16 * KB],
  ['inline style of an embed', gzip('embed.css'), 5 * KB],
  ['embed JS', sum(embed.js), 90 * KB],
  ['embed CSS', sum(embed.css) + gzip('embed.css'), 16 * KB],
  ['sheets (shared)', sum(sheets.js), 20 * KB],
  ['share sheet', later('app/src/sharing/ShareSheet.vue'), 20 * KB],
  ['shop sheets', later('app/src/shop/ShopSheets.vue'), 20 * KB],
  ['studio first page JS', sum(studio.js) + sum(firstPage.js), 300 * KB],
  ['studio first page CSS', sum(studio.css) + sum(firstPage.css), 60 * KB],
  ['studio charts', sum(charts.js), 250 * KB],
]

let over = 0
for (const [name, bytes, limit] of rows) {
  const bad = bytes > limit
  over += bad ? 1 : 0
  console.log(`${bad ? 'OVER' : 'ok  '} ${name.padEnd(24)} ${(bytes / KB).toFixed(1).padStart(7)} of ${(limit / KB).toFixed(0).padStart(4)} KB`)
}
for (const file of Object.values(manifest)) {
  if (/\.(woff2?|ttf|otf)$/.test(file.file)) over += console.log(`OVER a font file: ${file.file}`) ?? 1
}
if (!existsSync(`${out}words.json`)) over += 1
process.exit(over ? 1 : 0)
