/** `npm run bench`: every figure that the project promises, measured in one run. `-- --json` for programs. */
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { runChild, startChild, stop } from './child.js';
import { atLeast, atMost, type Mark, median, table } from './marks.js';
import { cpuTicks, load, residentMB, servePanel } from './served.js';

/** Runs of the cold measurements; the median is reported. */
const RUNS = 5;
/** Pages of the memory and load measurements. */
const PAGES = 2_000;

async function withAgent<T>(members: number, use: (port: number, pid: number) => Promise<T>): Promise<T> {
  const { said, child } = await startChild<AddressInfo>('replay', { members });
  try {
    return await use(said.port, child.pid as number);
  } finally {
    await stop(child);
  }
}

/** Nodes announce one, two or three services in turn (see replay.ts). */
const servicesOf = (members: number) =>
  Array.from({ length: members }, (_, i) => 1 + (i % 3)).reduce((a, b) => a + b, 0);

async function listing(members: number, mark: number): Promise<Mark[]> {
  const runs = [];
  for (let run = 0; run < RUNS; run++) {
    const expected = servicesOf(members);
    runs.push(
      await withAgent(members, (port, pid) =>
        runChild<{ cold: number; change: number }>('listing', { port, pid, expected }),
      ),
    );
  }
  return [
    atMost(`list of ${members} members over RPC, cold`, median(runs.map(({ cold }) => cold)), 'ms', mark),
    atMost(`list of ${members} members, after one change`, median(runs.map(({ change }) => change)), 'ms', mark),
  ];
}

async function memory(): Promise<Mark[]> {
  return withAgent(30, async (port) => {
    const { url, child, close } = await servePanel(port);
    try {
      const page = `${url}services/syncthing`;
      await load(page, 4);
      // Idle means idle: what the start left over is collected within a second or two.
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

/** In processor time of the servers, so that neither the client nor the neighbours on this machine count. */
async function page(): Promise<Mark[]> {
  return withAgent(100, async (port) => {
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
      return [atLeast('page of 100 rows, pages per bare Fastify hello', median(rounds), 'ratio', 0.05)];
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
