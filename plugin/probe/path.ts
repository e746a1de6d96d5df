/**
 * The path to a provider: how long, how steady, how lossy, whatever the service says. Measured here where its node gossips;
 * elsewhere by `ping` (ping.ts).
 */

import { PATH_METHOD } from '../model/metric.js';
import type { Sample } from '../model/sample.js';
import { isFailed, type ProbeContext, type Target } from './index.js';
import { memberlistPing } from './memberlist.js';
import type { Times } from './times.js';
import { openUdp } from './udp.js';

/** Longest wait for one answer, ms. */
const PING_LIMIT_MS = 1_000;

/** Two Serf pings and their answers, IP headers included, of a node that has no news of others to send along. */
export const PATH_COST = { packets: 4, bytes: 600 } as const;

type Place = Pick<Target, 'address' | 'gossip'>;

/**
 * Where a Serf ping measures the path; null where none does. A member that announces a service at another address than
 * its own gets none, or a stranger could make us ping a third host; and an encrypted community does not answer.
 */
export const gossipAt = ({ address, gossip }: Place) =>
  gossip?.address === address && !gossip.encrypted ? gossip : null;

/**
 * Two Serf pings, one after the other: `rtt`, `jitter` and `loss`. Nothing where none can be sent, and nothing where both
 * stay unanswered.
 */
export async function measurePath(place: Place, context: ProbeContext): Promise<readonly Sample[]> {
  const gossip = gossipAt(place);
  if (gossip === null) return [];
  const udp = await openUdp(gossip, context);
  if (isFailed(udp)) return [];
  const ping = async () => {
    const pong = await udp.ask(memberlistPing(''), 1, PING_LIMIT_MS);
    return isFailed(pong) ? null : { ms: pong.ms };
  };
  try {
    return pathSamples([await ping(), await ping()], PATH_METHOD, context.times);
  } finally {
    udp.close();
  }
}

/** One answer: how long it took, ms (null = unknown); null for a question without one. */
export type Timed = { readonly ms: number | null } | null;

/**
 * What questions asked one after the other say of the path. Jitter is the difference of neighbouring delays (RFC 3393).
 * Without any answer nothing is known, not even loss.
 * @param taken where the times were taken by a clock of ours
 */
export function pathSamples(times: readonly Timed[], method: string, taken?: Times): Sample[] {
  const answered = times.filter((time) => time !== null);
  if (answered.length === 0) return [];
  const differences = times.flatMap((time, index) => {
    const next = times[index + 1] ?? null;
    const [ms, nextMs] = [time?.ms ?? null, next?.ms ?? null];
    if (ms === null || nextMs === null) return [];
    const difference = Math.abs(nextMs - ms);
    taken?.derive(difference, [ms, nextMs]);
    return [difference];
  });
  return [
    ...answered.flatMap(({ ms }) => (ms === null ? [] : [{ metric: 'rtt', value: ms, method }])),
    ...differences.map((value) => ({ metric: 'jitter', value, method })),
    { metric: 'loss', value: 1 - answered.length / times.length, method },
  ];
}
