/** A thousand providers that misbehave, scanned by the daemon with all the concurrency there is: what that costs in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '../../../plugin/jobs.js';
import { Daemon, giveOwner, Owner } from '../../real/daemon.js';
import { BUILT, startChild, stop } from '../child.js';
import { atLeast, atMost, type Mark } from '../marks.js';
import { residentMB } from '../served.js';
import { announced, ELSEWHERE, GOOD, neighbours, TYPES } from './community.js';

/** What our own loop delayed is not held against anybody, and not kept: on a busy machine that happens to some. */
const KEPT_SHARE = 0.95;

/** From the last answer until memory is looked at, ms: as it stands between two visits. */
const REST_MS = 5_000;
const LOOK_MS = 200;

export async function bad(): Promise<readonly Mark[]> {
  const all = neighbours();
  const { child: providers } = await startChild<true>('reliability-badly', { places: all, elsewhere: ELSEWHERE });
  const agent = await startChild<AddressInfo>('replay', { community: 'bad', told: all.map(announced) });
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await giveOwner(folder);
  const daemon = await Daemon.start(join(BUILT, 'cli.mjs'), folder, {
    DEMO: 'off',
    SERF_RPC: `127.0.0.1:${agent.said.port}`,
    COMMUNITY_RANGES: '127.80.0.0/16',
    SCAN_CONCURRENCY: '16',
    SCAN_BYTES_PER_DAY: '10000000000',
  });
  try {
    return await scanned(daemon, all.length);
  } finally {
    await daemon.end('SIGTERM');
    await Promise.all([stop(agent.child), stop(providers)]);
    rmSync(folder, { recursive: true });
  }
}

async function scanned({ url, child }: Daemon, count: number): Promise<Mark[]> {
  const pid = child.pid as number;
  const owner = new Owner();
  await owner.visit(url);
  await warmUp(owner);
  await delay(REST_MS);
  const before = residentMB(pid);
  let peak = before;
  const look = setInterval(() => {
    peak = Math.max(peak, residentMB(pid));
  }, LOOK_MS);
  const started = performance.now();
  await Promise.all(TYPES.map((type) => scan(owner, `api/v1/services/${type}`)));
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(look);
  await delay(REST_MS);
  const after = residentMB(pid);
  const rows = await Promise.all(TYPES.map((type) => owner.get<Listed>(`api/v1/services/${type}`)));
  const measured = rows.flatMap(({ providers }) => providers).filter(({ measuredAt }) => measuredAt !== null);
  const first = rows.filter(({ providers: [best] }) => (best?.score ?? 0) > 0);
  return [
    atMost(`memory after scans of ${count} providers that misbehave, more than before`, after - before, 'MB', 16),
    atMost('the most of it during these scans, more than before', peak - before, 'MB', 32),
    atMost('how long these scans took together', seconds, 's', 180),
    atLeast('providers of them with a result', measured.length, '', Math.floor(count * KEPT_SHARE)),
    atLeast('types whose first one earned a score', first.length, '', GOOD.length),
  ];
}

interface Listed {
  readonly providers: readonly {
    readonly id: string;
    readonly address: string;
    readonly score: number | null;
    readonly measuredAt: string | null;
  }[];
}

/** So that code which is loaded for the first scan is not taken for what a scan leaves behind. */
async function warmUp(owner: Owner): Promise<void> {
  for (const [index, type] of GOOD.entries()) {
    const { providers } = await owner.get<Listed>(`api/v1/services/${type}`);
    const good = providers.find(({ address }) => address === `127.80.0.${index + 1}`);
    await scan(owner, `api/v1/services/${type}/providers/${good?.id}`);
  }
}

async function scan(owner: Owner, path: string): Promise<void> {
  let { job } = await owner.post<{ job: Job }>(`${path}/scan`);
  while (job.state === 'running') {
    await delay(LOOK_MS);
    job = await owner.get<Job>(`api/v1/jobs/${job.id}`);
  }
  if (job.state !== 'done') throw new Error(`${path}: ${JSON.stringify(job)}`);
}
