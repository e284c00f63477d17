// Builds @yaohe/sdk into sdk/dist: the sheet first, because the core carries its integrity; then
// the core as a module and as a script that leaves `Yaohe` behind. Copies go to the shop, which
// serves them under /assets/sdk/.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = `${root}sdk/dist/`
const integrity = (name) => 'sha384-' + createHash('sha384').update(readFileSync(dist + name)).digest('base64')

async function one(entry, name, format, define = {}) {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define,
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: ['chrome87', 'safari14', 'firefox90'],
      lib: { entry: root + entry, name: 'Yaohe', formats: [format], fileName: () => name },
    },
  })
}

export async function buildSdk(served) {
  rmSync(dist, { recursive: true, force: true })
  await one('sdk/src/outside/sheet-entry.ts', 'yaohe.sheet.js', 'iife')
  const define = { __SHEET_INTEGRITY__: JSON.stringify(integrity('yaohe.sheet.js')) }
  await one('sdk/src/outside/index.ts', 'yaohe.js', 'es', define)
  await one('sdk/src/outside/index.ts', 'yaohe.global.js', 'iife', define)
  const names = ['yaohe.js', 'yaohe.global.js', 'yaohe.sheet.js']
  const hashes = Object.fromEntries(names.map((name) => [name, integrity(name)]))
  writeFileSync(`${dist}integrity.json`, JSON.stringify(hashes, null, 2) + '\n')
  mkdirSync(served, { recursive: true })
  for (const name of [...names, 'integrity.json']) copyFileSync(dist + name, `${served}/${name}`)
}
