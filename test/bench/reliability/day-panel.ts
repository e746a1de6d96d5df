/**
 * A child that lives through a day of background scans: scheduler, scanner, ranking and store of a panel, and real sockets,
 * by a clock that leaps from one minute to the next. Says what it holds after two hours, and at the end.
 */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { Jobs } from '../../../plugin/jobs/index.js';
import type { Provider } from '../../../plugin/model/provider.js';
import { Ranking } from '../../../plugin/panel/ranking.js';
import { Scanner } from '../../../plugin/scan/scanner.js';
import { Terms } from '../../../plugin/scan/scheduler/terms.js';
import { Scheduler } from '../../../plugin/scan/scheduler.js';
import { loadServices } from '../../../plugin/services/index.js';
import { openStore } from '../../../plugin/store/index.js';
import { hold, prepare } from '../../../plugin/store/sqlite.js';
import { argument, say } from '../child.js';

export interface Held {
  /** After a collection, bytes. */
  readonly heap: number;
  /** Sockets, timers and the like. */
  readonly handles: number;
  readonly rows: number;
}
export interface Day {
  readonly early: Held;
  readonly late: Held;
  readonly probes: number;
}

const MINUTE_MS = 60_000;
const HOUR = 60;
/** A morning. */
const START = new Date(2026, 10, 23, 9).getTime();

const { folder, places } = argument<{
  folder: string;
  places: readonly { type: string; address: string; port: number }[];
}>();

let leapt = 0;
const steady = performance.now.bind(performance);
performance.now = () => steady() + leapt;
Date.now = () => Math.floor(START + steady() + leapt);

const path = join(folder, 'day.sqlite');
const services = await loadServices();
const store = openStore(path, Date.now);
const jobs = new Jobs(store.jobs, Date.now);
const providers = places.map(
  ({ type, address, port }): Provider => ({
    ...{ id: `${type} ${address}`, type, node: address, host: '', address, port, description: '', community: '' },
    ...{ txt: new Map(), gossip: null, sources: ['serf'], self: false, barred: null, stale: false, heardAt: START },
  }),
);
const discovery = {
  providers: (word?: string) => providers.filter(({ type }) => word === undefined || type === word),
  estimates: async () => new Map<string, number>(),
};
const ranking = new Ranking({ services, discovery, store, now: Date.now });
const scanner = new Scanner({
  ...{ services, discovery, jobs, store, now: Date.now },
  config: { scanConcurrency: 3, scanBytesPerDay: 1e9 },
  ranking: (word) => ranking.of(word),
  ended: (word, of) => ranking.settle(word, of),
});

let probes = 0;
let turn: Promise<void> | null = null;
const scheduler = new Scheduler({
  ...{ config: { backgroundScan: true }, services, discovery, jobs, store, now: Date.now },
  busy: async () => null,
  terms: new Terms(store.settings, 1e9),
  ranking: (word) => ranking.of(word),
  scanner: {
    get cut() {
      return scanner.cut;
    },
    spending: () => scanner.spending(),
    knock: (word, id, signal) => scanner.knock(word, id, signal),
    background: (word, id, signal) => {
      probes++;
      turn = scanner.background(word, id, signal);
      return turn;
    },
  },
});

/** The scheduler's pulse, which only this program lets beat. */
function pulseOf(start: () => void): () => void {
  const real = globalThis.setInterval;
  let pulse = () => {};
  globalThis.setInterval = ((act: () => void) => {
    pulse = act;
    return real(() => {}, 2 ** 30);
  }) as unknown as typeof setInterval;
  start();
  globalThis.setInterval = real;
  return pulse;
}

/** Until all that the beat has set off is over. */
async function settled(): Promise<void> {
  for (let nth = 0; nth < 4; nth++) await setImmediate();
  await turn?.catch(() => {});
  turn = null;
  for (let nth = 0; nth < 4; nth++) await setImmediate();
}

const reader = hold(new Database(path, { readonly: true }));
const tables = prepare<[], string>(reader, `SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all();
const counts = tables.map((table) => prepare<[], number>(reader, `SELECT count(*) FROM ${table}`).pluck());
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function held(): Promise<Held> {
  for (let nth = 0; nth < 3; nth++) {
    collect();
    await setImmediate();
  }
  const handles = process.getActiveResourcesInfo().length;
  const rows = counts.reduce((sum, count) => sum + (count.get() ?? 0), 0);
  return { heap: process.memoryUsage().heapUsed, handles, rows };
}

// As on any panel that is not new: everybody was met once, and all code is loaded.
for (const type of new Set(places.map(({ type }) => type))) {
  const { state } = await jobs.ended(scanner.start(type).id);
  if (state !== 'done') throw new Error(`the scan of ${type} ${state}`);
}
const pulse = pulseOf(() => scheduler.start());
let early: Held | null = null;
for (let minute = 1; minute <= 24 * HOUR; minute++) {
  leapt += MINUTE_MS;
  pulse();
  await settled();
  if (minute === 2 * HOUR) early = await held();
}
say({ early, late: await held(), probes });
await scheduler.close();
scanner.close();
store.close();
