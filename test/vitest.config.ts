import { configDefaults, defineConfig } from 'vitest/config';

/** Measure times, or keep both cores busy: they run last, when nothing else does. */
const ALONE = [
  'real/relay.test.ts',
  'real/accuracy.test.ts',
  'browser/pages.test.ts',
  'real/ping.test.ts',
  'probe/path.test.ts',
];

const common = {
  root: import.meta.dirname,
  // Real programs (Serf, Syncthing, named) start inside some tests; two cores share them.
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks',
} as const;

export default defineConfig({
  cacheDir: '../node_modules/.vite',
  test: {
    // What the panel tells its log is worth reading where something failed.
    silent: 'passed-only',
    projects: [
      {
        test: {
          ...common,
          name: 'all',
          include: ['**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE],
          // Most of them wait most of the time.
          maxWorkers: 3,
        },
      },
      { test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
