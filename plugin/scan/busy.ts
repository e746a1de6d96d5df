/** Whether this node is too busy for background probes, or its users are asleep. */

import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { largest } from '../lib/extremes.js';
import { type Hours, isDaytime } from './plan.js';

export type Busy = 'night' | 'load' | 'traffic';

/** Processes that want to run, per core, mean of a minute. */
const MAX_LOAD = 1;

/** Traffic of the busiest interface, both ways, bit/s: what the weakest link of a community can carry. */
const MAX_TRAFFIC = 1_000_000;

/** Between the two readings of the interfaces' counters, ms. */
const WATCHED_MS = 1_000;

const COUNTERS = '/proc/net/dev';

/**
 * What speaks against a probe at `now` (ms since the epoch); null for nothing. Takes a second; where the counters cannot be
 * read, only clock and load count.
 * @param hours outside of which it is night; the usual ones when left out
 */
export async function busyWith(signal: AbortSignal, now = Date.now(), hours?: Hours): Promise<Busy | null> {
  if (!isDaytime(now, hours)) return 'night';
  const [lastMinute = 0] = loadavg();
  if (lastMinute > MAX_LOAD * availableParallelism()) return 'load';
  const read = () => readFile(COUNTERS, 'latin1').catch(() => '');
  const [from, before] = [performance.now(), await read()];
  await delay(WATCHED_MS, undefined, { signal });
  return busiest(before, await read(), performance.now() - from) > MAX_TRAFFIC ? 'traffic' : null;
}

/**
 * Traffic of the busiest interface between two readings of the counters, bit/s. Not the sum of all: what passes a bridge
 * is counted by the bridge and by its ports. Loopback is not a link.
 * @param ms time between the readings
 */
export function busiest(before: string, after: string, ms: number): number {
  const earlier = counters(before);
  const grown = [...counters(after)].map(([name, bytes]) => bytes - (earlier.get(name) ?? bytes));
  return (largest(grown, 0) * 8_000) / ms;
}

/** Bytes received and sent by interface: https://docs.kernel.org/filesystems/proc.html (`/proc/net/dev`). */
function counters(text: string): Map<string, number> {
  const rows = text.split('\n').flatMap((line) => {
    const [, name, rest] = /^\s*([^:\s]+):(.*)$/.exec(line) ?? [];
    const numbers = rest?.trim().split(/\s+/).map(Number) ?? [];
    const bytes = Number(numbers[0]) + Number(numbers[8]);
    return name !== undefined && name !== 'lo' && Number.isFinite(bytes) ? [[name, bytes] as const] : [];
  });
  return new Map(rows);
}
