/** What scans of a hundred neighbours cost a panel that nobody reads: processor time, pings included, and memory. */
import { setTimeout as wait } from 'node:timers/promises';
import { PAUSES } from '../../../plugin/scan/recent.js';
import type { Daemon, Owner } from '../../daemon.js';
import { cpuTicks, TICK_MS } from '../machine.js';
import { atMost, type Mark } from '../marks.js';
import { residentMB } from '../served.js';
import { attempts, Community, providerIds, scanned } from './community.js';

/** Attempts at one of them before: code that is compiled once is not what an attempt costs. */
const WARM_UP = 20;
/** From the last answer until memory is looked at, ms: as between two visits. */
const REST_MS = 5_000;
const LOOK_MS = 200;

export async function scan(): Promise<readonly Mark[]> {
  const community = await Community.open({ net: 84, port: 20_156, count: 100 });
  try {
    return await community.withPanel(async ({ daemon, owner }) => {
      const [first] = await providerIds(owner);
      for (let count = 0; count < WARM_UP; count++) await scanned(owner, first, LOOK_MS);
      await wait(REST_MS);
      const once = await cost(daemon, owner);
      // Sooner, the panel would answer from the first one's result.
      await wait(PAUSES.type);
      const again = await cost(daemon, owner);
      const mean = (once.ms + again.ms) / (once.attempts + again.attempts);
      return [
        atMost('a scan of 100: processor time of an attempt, pings included', once.ms / once.attempts, 'ms', 5),
        atMost('two scans of 100 within ten minutes: the same', mean, 'ms', 2.5),
        atMost('a scan of 100: memory, the most above before', once.peak, 'MB', 18),
        atMost('a scan of 100: memory 5 s after it, above before', once.left, 'MB', 6),
      ];
    });
  } finally {
    await community.close();
  }
}

async function cost(daemon: Daemon, owner: Owner) {
  const before = (await attempts(daemon)).length;
  const memory = residentMB(daemon.pid);
  const ticks = cpuTicks(daemon.pid);
  let peak = memory;
  const look = setInterval(() => {
    peak = Math.max(peak, residentMB(daemon.pid));
  }, LOOK_MS);
  await scanned(owner);
  clearInterval(look);
  const ms = (cpuTicks(daemon.pid) - ticks) * TICK_MS;
  await wait(REST_MS);
  const left = residentMB(daemon.pid) - memory;
  return { ms, attempts: (await attempts(daemon)).length - before, peak: peak - memory, left };
}
