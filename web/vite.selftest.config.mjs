// The script of /selftest: one classic file for the oldest browsers that are still met inside apps,
// because a browser that cannot load the rooms' modules must be able to say so.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  publicDir: false,
  resolve: { alias: { '@sdk': here('./sdk/src') } },
  build: {
    outDir: here('../src/yaohe/front/static'),
    emptyOutDir: false,
    target: 'es2015',
    lib: { entry: here('./app/src/selftest/main.ts'), name: 'yaoheSelftest', formats: ['iife'], fileName: () => 'selftest.js' },
  },
})
