/** Providers whose answers take as long to read as can be, beside good ones: how long the panel stands still, and who pays for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { read } from '../../clients.js';
import { Daemon, Owner } from '../../daemon.js';
import { startChild, stop } from '../child.js';
import { atMost, type Mark } from '../marks.js';
import { announced, ELSEWHERE, hardWorkers, type Neighbour, TYPES } from './community.js';

/** Between two looks at whether the panel still answers, ms. */
const LOOK_MS = 5;

interface Listed {
  readonly address: string;
  readonly score: number | null;
  readonly reason: string | null;
}

export async function stalls(): Promise<readonly Mark[]> {
  const all = hardWorkers();
  const { child: providers } = await startChild<true>('reliability-badly', { places: all, elsewhere: ELSEWHERE });
  const agent = await startChild<AddressInfo>('replay', { community: 'bad', told: all.map(announced) });
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const daemon = await Daemon.start({
    folder,
    config: {
      SERF_RPC: `127.0.0.1:${agent.said.port}`,
      COMMUNITY_RANGES: '127.80.0.0/16',
      SCAN_CONCURRENCY: '16',
      SCAN_BYTES_PER_DAY: '10000000000',
    },
  });
  try {
    return await scanned(daemon, all);
  } finally {
    await daemon.close();
    await Promise.all([stop(agent.child), stop(providers)]);
    rmSync(folder, { recursive: true });
  }
}

async function scanned(daemon: Daemon, all: readonly Neighbour[]): Promise<Mark[]> {
  const owner = await Owner.bySocket(daemon);
  const list = async (type: string) => (await owner.get<{ providers: Listed[] }>(`api/v1/services/${type}`)).providers;
  // The list is read while pages are served already.
  for (const type of TYPES) while ((await list(type)).length === 0) await delay(LOOK_MS);
  const over = new AbortController();
  const waits = watched(`${daemon.url}healthz`, over.signal);
  const jobs = await Promise.all(TYPES.map((type) => owner.scan(`services/${type}`)));
  for (const job of jobs) await owner.ended(job);
  over.abort();
  const longest = (await waits).reduce((most, ms) => Math.max(most, ms), 0);
  const good = new Set(all.flatMap((one) => ('good' in one ? [one.address] : [])));
  const rows = (await Promise.all(TYPES.map(list))).flat().filter(({ address }) => good.has(address));
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
