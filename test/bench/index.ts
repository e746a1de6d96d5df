/** `npm run bench`: every figure that the project promises, measured in one run. `-- ranking page` for parts of it, `-- --json` for programs. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runChild, startChild, stop } from './child.js';
import type { Agent } from './listing.js';
import { cpuTicks, TICK_MS } from './machine.js';
import { atMost, type Mark, median } from './marks.js';
import { scan } from './measuring/scan.js';
import { slow } from './measuring/slow.js';
import { page } from './page.js';
import { phone } from './phone.js';
import { runParts } from './run.js';
import { load, residentMB, servePanel } from './served.js';
import type { Year } from './store.js';

interface Listed {
  readonly first: number;
  readonly cold: number;
  readonly change: number;
}

interface Scoring {
  readonly digest: number;
  readonly score: number;
  /** Of one digest. */
  readonly bytes: number;
}

/** Runs of the cold measurements; the median is reported. */
const RUNS = 5;
/** Pages of the memory and load measurements. */
const PAGES = 2_000;

async function withAgent<T>(members: number, use: (agent: Agent) => Promise<T>, community = 'demo'): Promise<T> {
  const { said, child } = await startChild<AddressInfo>('replay', { members, community });
  try {
    return await use({ port: said.port, pid: child.pid as number });
  } finally {
    await stop(child);
  }
}

/** Nodes announce one, two or three services in turn (see replay.ts). */
const servicesOf = (members: number) =>
  Array.from({ length: members }, (_, i) => 1 + (i % 3)).reduce((a, b) => a + b, 0);

/** The agents stay: real ones are compiled programs, and what theirs still have to compile is not the panel's time. */
async function listed(agents: readonly Agent[], expected: number): Promise<Listed[]> {
  const runs: Listed[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await runChild('listing', { agents, expected }));
  return runs;
}

async function listing(members: number, mark: number): Promise<Mark[]> {
  const expected = servicesOf(members);
  const runs = await withAgent(
    members,
    (one) => withAgent(members, (other) => listed([one, other], expected), 'other'),
    'one',
  );
  const of = (which: keyof Listed) => median(runs.map((run) => run[which]));
  return [
    atMost(`list of ${members} members over RPC, nothing cached`, of('cold'), 'ms', mark),
    // V8 compiles while it runs: the very first list after a start also pays for that, once.
    atMost(`list of ${members} members over RPC, first in a new process`, of('first'), 'ms', mark * 2 + 40),
    atMost(`list of ${members} members, after one change`, of('change'), 'ms', mark),
  ];
}

async function memory(): Promise<Mark[]> {
  return withAgent(30, async ({ port }) => {
    const { url, child, close } = await servePanel(port);
    try {
      const page = `${url}services/syncthing`;
      // As it stands between two visits: started, connected to its agent, its list complete.
      await delay(2_000);
      const idle = residentMB(child.pid as number);
      await load(page, PAGES);
      return [
        atMost('memory, idle', idle, 'MB', 64),
        atMost(`memory, after ${PAGES} pages of 30 rows`, residentMB(child.pid as number), 'MB', 80),
      ];
    } finally {
      await close();
    }
  });
}

async function ranking(): Promise<Mark[]> {
  const community = { count: 30, port: 20_153 };
  const { child } = await startChild<true>('providers', community);
  try {
    const runs = [];
    for (let run = 0; run < RUNS; run++) runs.push(await runChild<number>('ranking', community));
    return [atMost('first complete ranking of 30 local providers', median(runs), 'ms', 1_000)];
  } finally {
    await stop(child);
  }
}

async function scoring(): Promise<Mark[]> {
  const { digest, score, bytes } = await runChild<Scoring>('scoring', { providers: 500, attempts: 40 });
  return [
    atMost('scores and order of 500 providers, from their digests', score, 'ms', 20),
    atMost('digests of 500 providers × 40 attempts', digest, 'ms', 150),
    atMost('memory of one digest', bytes, 'bytes', 1_500),
  ];
}

/** In processor time of the server, as with the page of 100 rows. */
async function longList(): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const served = async () => {
    const { said: panel, child } = await startChild<string>('listed', { what: 'serve', count: 500, folder });
    const pid = child.pid as number;
    const url = `${panel}/services/syncthing`;
    const whole = `${url}?rows=500`;
    const msOf = async (page: string, pages: number) => {
      const before = cpuTicks(pid);
      await load(page, pages);
      return ((cpuTicks(pid) - before) * TICK_MS) / pages;
    };
    const first = await msOf(whole, 4);
    await load(whole, PAGES / 20);
    const page = await msOf(whole, PAGES / 20);
    const hundred = await msOf(url, PAGES / 20);
    const memory = Number(await (await fetch(`${panel}/memory`)).text());
    await stop(child);
    return { first: first * 4, page, hundred, memory };
  };
  try {
    const unknown = await served();
    await runChild('listed', { what: 'fill', count: 500, folder });
    const known = await served();
    return [
      atMost('page of 500 providers with 90 days of history', known.page, 'ms', 60),
      atMost('the first 100 of them, as the page shows them by itself', known.hundred, 'ms', 25),
      atMost('the first four such pages after a start, together', known.first, 'ms', 1_500),
      atMost('memory for 90 days of history of 500 providers', known.memory - unknown.memory, 'MB', 4),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function storage(): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const store = <T>(what: string, file: string) => runChild<T>('store', { what, path: join(folder, file) });
  try {
    const { megabytes, prune, usualPrune, add, note } = await store<Year>('year', 'year');
    await store('fill', 'full');
    const listed = (await store<number>('listed', 'full')) - (await store<number>('listed', 'empty'));
    return [
      atMost('a year with 100 providers: the database and its log', megabytes, 'MB', 20),
      atMost('a year with 100 providers: longest pruning step, processor time', prune, 'ms', 20),
      atMost('a year with 100 providers: a pruning step, 99 of 100', usualPrune, 'ms', 20),
      atMost('a year with 100 providers: an attempt written, 99 of 100', add, 'ms', 20),
      atMost('a year with 100 providers: a day noted, 99 of 100', note, 'ms', 20),
      atMost('memory of 500 providers × 90 days listed', listed, 'MB', 4),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await runParts({
  list30: () => listing(30, 10),
  list1000: () => listing(1_000, 150),
  ranking,
  scoring,
  scan,
  slow,
  longList,
  memory,
  page,
  storage,
  phone,
});
