// The pages' build: three hashed entries with a manifest, straight into the Python package, so
// that an installed wheel needs no Node. Hashed files live under /assets/v/ and never change.
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [vue({ features: { optionsAPI: true } })],
  base: '/assets/',
  publicDir: false,
  resolve: { alias: { '@sdk': here('./sdk/src'), '@app': here('./app/src') } },
  define: { __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  build: {
    outDir: here('../src/yaohe/front/static'),
    assetsDir: 'v',
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: ['chrome87', 'safari14', 'firefox90'],
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      input: {
        room: here('./app/src/rooms/main.ts'),
        embed: here('./app/src/embeds/main.ts'),
        home: here('./app/src/home/main.ts'),
        studio: here('./app/src/studio/main.ts'),
      },
    },
  },
  test: { include: ['sdk/test/**/*.test.ts', 'app/test/**/*.test.ts'], environment: 'node' },
})
