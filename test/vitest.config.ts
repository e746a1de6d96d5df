import { configDefaults, defineConfig } from 'vitest/config';

/** Measure times: they run last, when nothing else does. */
const ALONE = ['real/accuracy.test.ts'];

const common = {
  root: import.meta.dirname,
  // Real programs (Serf, Syncthing, named) start inside some tests; two cores share them.
  testTimeout: 20_000,
  hookTimeout: 60_000,
  pool: 'forks',
} as const;

export default defineConfig({
  cacheDir: '../node_modules/.vite',
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'all',
          include: ['**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE],
          maxWorkers: 2,
        },
      },
      { test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
