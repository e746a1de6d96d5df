/** A thousand providers that misbehave, scanned by the daemon with all the concurrency there is: what that costs in memory. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Owner } from '../../daemon.js';
import { atLeast, atMost, type Mark } from '../marks.js';
import { residentMB } from '../served.js';
import { GOOD, neighbours, TYPES } from './community.js';
import { amongNeighbours, list } from './neighbourhood.js';

/** What our own loop delayed is not held against anybody, and not kept: on a busy machine that happens to some. */
const KEPT_SHARE = 0.95;

/** From the last answer until memory is looked at, ms: as it stands between two visits. */
const REST_MS = 5_000;
const LOOK_MS = 200;

export function bad(): Promise<readonly Mark[]> {
  const all = neighbours();
  return amongNeighbours(all, ({ pid }, owner) => scanned(pid, owner, all.length));
}

async function scanned(pid: number, owner: Owner, count: number): Promise<Mark[]> {
  await warmUp(owner);
  await delay(REST_MS);
  const before = residentMB(pid);
  let peak = before;
  const look = setInterval(() => {
    peak = Math.max(peak, residentMB(pid));
  }, LOOK_MS);
  const started = performance.now();
  await Promise.all(TYPES.map((type) => scan(owner, `services/${type}`)));
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(look);
  await delay(REST_MS);
  const after = residentMB(pid);
  const lists = await Promise.all(TYPES.map((type) => list(owner, type)));
  const measured = lists.flat().filter(({ measuredAt }) => measuredAt !== null);
  const first = lists.filter(([best]) => (best?.score ?? 0) > 0);
  return [
    atMost(`memory after scans of ${count} providers that misbehave, more than before`, after - before, 'MB', 16),
    atMost('the most of it during these scans, more than before', peak - before, 'MB', 32),
    atMost('how long these scans took together', seconds, 's', 180),
    atLeast('providers of them with a result', measured.length, '', Math.floor(count * KEPT_SHARE)),
    atLeast('types whose first one earned a score', first.length, '', GOOD.length),
  ];
}

/** So that code which is loaded for the first scan is not taken for what a scan leaves behind. */
async function warmUp(owner: Owner): Promise<void> {
  for (const [index, type] of GOOD.entries()) {
    // The list is read, all at once, while pages are served already.
    while ((await list(owner, type)).length === 0) await delay(LOOK_MS);
    const providers = await list(owner, type);
    const good = providers.find(({ address }) => address === `127.80.0.${index + 1}`);
    await scan(owner, `services/${type}/providers/${good?.id}`);
  }
}

async function scan(owner: Owner, what: string): Promise<void> {
  const job = await owner.ended(await owner.scan(what));
  if (job.state !== 'done') throw new Error(`${what}: ${JSON.stringify(job)}`);
}
