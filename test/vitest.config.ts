import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Replace a module for themselves, or count what the whole process holds open: each has a process of its own. */
const ISOLATED = [
  'config/config.test.ts',
  'discovery/sources/avahi.test.ts',
  'lib/wait.test.ts',
  'scan/busy.test.ts',
  'web/stop.test.ts',
];

/** Wait for the limits of probes, live through simulated weeks, or build the program: too long for the unit tests. */
const LONG = [
  'clock.test.ts',
  'daemon/daemon.test.ts',
  'demo/**/*.test.ts',
  'discovery/sources/serf-faults.test.ts',
  'licences.test.ts',
  'node/hang.test.ts',
  'probe/**/*.test.ts',
  'scan/plan.test.ts',
  'scan/scheduler.test.ts',
  'scan/thread/**/*.test.ts',
  'services/**/*.test.ts',
  'services.test.ts',
  'store/migrate.test.ts',
  'store/store.test.ts',
  'web/secrets.test.ts',
];

/** Of these, what looks at its own process, or replaces a module. */
const LONG_ISOLATED = ['node/hang.test.ts', 'scan/thread/threads.test.ts'];

/** Measure times, or keep both cores busy: they run last, when nothing else does. */
const ALONE = [
  'browser/cdistro.test.ts',
  'browser/pages.test.ts',
  'probe/path.test.ts',
  'real/accuracy.test.ts',
  'real/flood.test.ts',
  'real/ping.test.ts',
  'real/relay.test.ts',
];

/** Take longest: they begin first, so that none of them is left over while nothing else runs. */
const FIRST = [
  'real/rerouted.test.ts',
  'real/kill.test.ts',
  'browser/scriptless.test.ts',
  'browser/hostile.test.ts',
  'browser/browser.test.ts',
  'scan/thread/threads.test.ts',
  'real/store/ids-kill.test.ts',
  'real/traversal.test.ts',
  'real/store/kill.test.ts',
  'real/advice.test.ts',
];

class LongestFirst extends BaseSequencer {
  // Where nothing is known of earlier runs, as in continuous integration, the base goes by the sizes of the files.
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = FIRST.findIndex((file) => moduleId === join(import.meta.dirname, file));
      return at === -1 ? FIRST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** On other versions of Node, which build SQLite's addon first: `npm run test:nodes`. */
const OTHER_NODES = ['real/nodes.test.ts'];

const REAL = ['real/**/*.test.ts'];
const BROWSER = ['browser/**/*.test.ts'];

/** A thread that the plugin starts reads its sources as they are. */
const execArgv = ['--import', pathToFileURL(join(import.meta.dirname, 'source-threads.mjs')).href];

const common = {
  root: import.meta.dirname,
  // Real programs (Serf, Syncthing, named) start inside some tests; two cores share them.
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks',
} as const;

/** Projects of the same order share the workers and run together. */
const unit = { ...common, execArgv, setupFiles: ['setup.ts'], maxWorkers: 2, sequence: { groupOrder: 0 } };
const real = { ...common, execArgv, maxWorkers: 4, sequence: { groupOrder: 1 } };
const alone = { ...common, execArgv, maxWorkers: 1, sequence: { groupOrder: 2 } };

const without = (...others: (readonly string[])[]) => [...configDefaults.exclude, ...others.flat()];
/** Those of a folder that run alone are a project beside its own: `--project real*` runs both. */
const aloneIn = (folder: string) => ALONE.filter((file) => file.startsWith(`${folder}/`));

export default defineConfig({
  cacheDir: '../node_modules/.vite',
  test: {
    // What the panel tells its log is worth reading where something failed.
    silent: 'passed-only',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...unit,
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: without(ISOLATED, LONG, ALONE, REAL, BROWSER),
          isolate: false,
        },
      },
      { test: { ...unit, name: 'unit-isolated', include: ISOLATED } },
      // Most of them wait most of the time.
      { test: { ...real, name: 'long', include: LONG, exclude: without(LONG_ISOLATED, ALONE), isolate: false } },
      { test: { ...real, name: 'long-isolated', include: LONG_ISOLATED } },
      { test: { ...real, name: 'real', include: REAL, exclude: without(ALONE, OTHER_NODES), isolate: false } },
      { test: { ...real, name: 'browser', include: BROWSER, exclude: without(ALONE), isolate: false } },
      { test: { ...real, name: 'other-nodes', include: OTHER_NODES } },
      { test: { ...alone, name: 'long-alone', include: aloneIn('probe') } },
      { test: { ...alone, name: 'real-alone', include: aloneIn('real') } },
      { test: { ...alone, name: 'browser-alone', include: aloneIn('browser') } },
    ],
  },
});
