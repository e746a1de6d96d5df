/** Providers whose answers take as long to read as can be, beside good ones: how long the panel stands still, and who pays for it. */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { read } from '../../clients.js';
import type { Owner } from '../../daemon.js';
import { atMost, type Mark } from '../marks.js';
import { hardWorkers, type Neighbour, TYPES } from './community.js';
import { amongNeighbours, list } from './neighbourhood.js';

/** Between two looks at whether the panel still answers, ms. */
const LOOK_MS = 5;

export function stalls(): Promise<readonly Mark[]> {
  const all = hardWorkers();
  return amongNeighbours(all, ({ url }, owner) => scanned(url, owner, all));
}

async function scanned(url: string, owner: Owner, all: readonly Neighbour[]): Promise<Mark[]> {
  // The list is read while pages are served already.
  for (const type of TYPES) while ((await list(owner, type)).length === 0) await delay(LOOK_MS);
  const over = new AbortController();
  const waits = watched(`${url}healthz`, over.signal);
  const jobs = await Promise.all(TYPES.map((type) => owner.scan(`services/${type}`)));
  for (const job of jobs) await owner.ended(job);
  over.abort();
  const longest = (await waits).reduce((most, ms) => Math.max(most, ms), 0);
  const good = new Set(all.flatMap((one) => ('good' in one ? [one.address] : [])));
  const rows = (await Promise.all(TYPES.map((type) => list(owner, type))))
    .flat()
    .filter(({ address }) => good.has(address));
  const lost =
    rows.filter(({ score, reason }) => reason !== null || (score ?? 0) === 0).length + good.size - rows.length;
  const name = `${all.length - good.size} providers that answer with hard work`;
  return [
    atMost(`${name}: the longest wait for the panel during their scans`, longest, 'ms', 250),
    atMost(`${name}: of ${good.size} good ones beside them that are lost`, lost, 'providers', 0),
  ];
}

/** How long each look took, ms: one after the other, until the signal. */
async function watched(url: string, signal: AbortSignal): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true });
  const waits: number[] = [];
  while (!signal.aborted) {
    waits.push((await read(url, agent)).ms);
    await delay(LOOK_MS);
  }
  agent.destroy();
  return waits;
}
