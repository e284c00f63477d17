// Builds everything the Python package serves: the hashed entries, the inline boot script, the
// inline style sheets of the documents, and the words the documents are filled with.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle, browserslistToTargets } from 'lightningcss'
import { build } from 'vite'
import { buildSdk } from './sdk.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = `${root}../src/yaohe/front/static/`

await build({ root, configFile: `${root}vite.config.mjs`, logLevel: 'warn' })
await build({ root, configFile: `${root}vite.boot.config.mjs`, logLevel: 'warn' })
await build({ root, configFile: `${root}vite.selftest.config.mjs`, logLevel: 'warn' })

const targets = browserslistToTargets(['chrome 87', 'safari 14', 'firefox 90'])
const inline = {
  'page.css': 'app/src/rooms/page.css',
  'embed.css': 'app/src/embeds/embed.css',
  'home.css': 'app/src/home/home.css',
  'selftest.css': 'app/src/selftest/selftest.css',
}
for (const [name, source] of Object.entries(inline)) {
  const { code } = bundle({ filename: root + source, minify: true, targets })
  writeFileSync(out + name, code)
}

const words = {}
for (const lang of ['zh-CN', 'en']) {
  words[lang] = JSON.parse(readFileSync(`${root}app/src/ui/words/${lang}.json`, 'utf8'))
}
writeFileSync(`${out}words.json`, JSON.stringify(words))
copyFileSync(`${root}app/src/ui/mark.svg`, `${out}mark.svg`)
copyFileSync(`${root}node_modules/rapidoc/dist/rapidoc-min.js`, `${out}rapidoc.js`)
await buildSdk(`${out}sdk`)
console.log('web assets written to src/yaohe/front/static')
