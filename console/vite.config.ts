import { defineConfig } from 'vitest/config';

// `npm run dev` serves the pages with hot reload and takes the API from a running `redline up`.
const server = 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    target: 'es2021',
    // The server sends `default-src 'self'`, which refuses data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': server, '/v1': server } },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'], css: true },
});
