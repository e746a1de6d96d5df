import { defineConfig } from 'vitest/config';

/** The tests of the Debian package on a booted machine: `npm run test:deb`. Each builds on what the one before left. */
export default defineConfig({
  cacheDir: '../../node_modules/.vite',
  test: {
    root: import.meta.dirname,
    include: ['*.machine.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    bail: 1,
    fileParallelism: false,
    reporters: ['verbose'],
  },
});
