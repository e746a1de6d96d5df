/** `npm run bench`: every figure that the project promises, measured in one run. `-- --json` for programs. */
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { runChild, startChild, stop } from './child.js';
import type { Agent } from './listing.js';
import { atLeast, atMost, type Mark, median, table } from './marks.js';
import { cpuTicks, load, residentMB, servePanel } from './served.js';

interface Listed {
  readonly first: number;
  readonly cold: number;
  readonly change: number;
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

async function listing(members: number, mark: number): Promise<Mark[]> {
  const expected = servicesOf(members);
  const once = (agents: Agent[]) => runChild<Listed>('listing', { agents, expected });
  const runs: Listed[] = [];
  for (let run = 0; run < RUNS; run++) {
    runs.push(await withAgent(members, (one) => withAgent(members, (other) => once([one, other]), 'other'), 'one'));
  }
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
        atMost(`memory, after ${PAGES} pages of 30 rows`, residentMB(child.pid as number), 'MB', 88),
      ];
    } finally {
      await close();
    }
  });
}

/** In processor time of the servers, so that neither the client nor the neighbours on this machine count. */
async function page(): Promise<Mark[]> {
  return withAgent(100, async ({ port }) => {
    const panel = await servePanel(port);
    const { said: hello, child } = await startChild<string>('hello', null);
    const cost = async (url: string, pid: number) => {
      await load(url, PAGES / 4);
      const before = cpuTicks(pid);
      await load(url, PAGES / 2);
      return cpuTicks(pid) - before;
    };
    try {
      const rounds = [];
      for (let round = 0; round < 3; round++) {
        const bare = await cost(hello, child.pid as number);
        rounds.push(bare / (await cost(`${panel.url}services/syncthing`, panel.child.pid as number)));
      }
      return [atLeast('page of 100 rows, pages per bare Fastify hello', median(rounds), 'ratio', 0.03)];
    } finally {
      await stop(child);
      await panel.close();
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

const marks = [
  ...(await listing(30, 10)),
  ...(await listing(1_000, 150)),
  ...(await ranking()),
  ...(await memory()),
  ...(await page()),
];
console.log(process.argv.includes('--json') ? JSON.stringify({ marks }, null, 2) : table(marks));
process.exitCode = marks.every(({ holds }) => holds) ? 0 : 1;
