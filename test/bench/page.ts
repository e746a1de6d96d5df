/** What a page of 100 measured providers costs: a reader's, the owner's, a part of it, and the answer that nothing is new. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild, startChild, stop } from './child.js';
import { atLeast, atMost, type Mark, median } from './marks.js';
import { load, ownerCookie, servePanel, threadsMs } from './served.js';

const ROUNDS = 5;
/** As `listed` has set it. */
const PASSWORD = 'a password of the bench';
const HTMX = { 'hx-request': 'true' };
const GZIP = { 'accept-encoding': 'gzip' };

interface Asked {
  readonly url: string;
  readonly pid: number;
  /** In a round. */
  readonly times: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
}

/**
 * Processor time of the server for an answer, ms, so that neither the client nor the neighbours on this machine count. Each
 * round measures all in turn: the machine may be slower in one than in another.
 */
async function costs<Name extends string>(asked: Readonly<Record<Name, Asked>>): Promise<Record<Name, number>[]> {
  const rounds: Record<Name, number>[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const costs = {} as Record<Name, number>;
    for (const [name, { url, pid, times, ...more }] of Object.entries(asked) as [Name, Asked][]) {
      const before = threadsMs(pid);
      await load(url, times, more);
      costs[name] = (threadsMs(pid) - before) / times;
    }
    rounds.push(costs);
  }
  // The first compiles.
  return rounds.slice(1);
}

/** The address at which the page asks whether anything is new. */
async function watched(url: string): Promise<string> {
  const body = await (await fetch(url)).text();
  const address = /hx-get="([^"]+since=[^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&');
  if (!address) throw new Error(`${url} asks nothing`);
  return new URL(address, url).href;
}

export async function page(): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await runChild('listed', { what: 'fill', count: 100, folder });
  const panel = await servePanel(1, folder);
  const { said: hello, child } = await startChild<string>('hello', null);
  try {
    const pid = panel.child.pid as number;
    const url = `${panel.url}services/syncthing`;
    const owner = { cookie: await ownerCookie(panel.url, PASSWORD) };
    const poll = await watched(url);
    const rounds = await costs({
      hello: { url: hello, pid: child.pid as number, times: 2_000 },
      reader: { url, pid, times: 1_000 },
      gzip: { url, pid, times: 1_000, headers: GZIP },
      part: { url, pid, times: 1_000, headers: { ...HTMX, ...GZIP } },
      owner: { url, pid, times: 200, headers: owner },
      poll: { url: poll, pid, times: 1_000, headers: HTMX, status: 204 },
    });
    console.error(`ms an answer, by round: ${JSON.stringify(rounds)}`);
    const ratio = (name: keyof (typeof rounds)[number]) => median(rounds.map((round) => round.hello / round[name]));
    return [
      atLeast('page of 100 measured rows for readers, pages per bare Fastify hello', ratio('reader'), 'ratio', 0.06),
      atLeast('the same, compressed', ratio('gzip'), 'ratio', 0.1),
      atLeast('its part that a scan changes, compressed', ratio('part'), 'ratio', 0.1),
      atLeast('the same page for the owner', ratio('owner'), 'ratio', 0.025),
      atMost('the answer that nothing is new', median(rounds.map((round) => round.poll)), 'ms', 0.4),
    ];
  } finally {
    await stop(child);
    await panel.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
