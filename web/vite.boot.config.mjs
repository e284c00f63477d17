// The one script a room document carries inline: a single self-running file of at most 3 KB gzip.
// It is built apart because it may share no chunk with anything.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  publicDir: false,
  build: {
    outDir: here('../src/yaohe/front/static'),
    emptyOutDir: false,
    target: ['chrome87', 'safari14', 'firefox90'],
    lib: { entry: here('./sdk/src/boot.ts'), name: 'yaoheBoot', formats: ['iife'], fileName: () => 'boot.js' },
  },
})
