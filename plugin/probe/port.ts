/** For providers whose protocol is not checked: whether the port is open, or at least the host alive, and how far it is. */

import type { Sample } from '../model/sample.js';
import { isFailed, type Prober } from './index.js';
import { connect, knock } from './tcp.js';

/** A connection opened and closed: 7 packets at most, IP headers included. */
export const NETWORK_COST = { packets: 7, bytes: 400 } as const;

/** For services on TCP: the port opens (level 2), and in what time. */
export const probePort: Prober = async (target, context) => {
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  connection.close();
  return { level: 2, samples: roundTrip(connection.connectMs), facts: {} };
};

/**
 * For services on UDP that must not be sent anything unexpected. A TCP connection to the same port does not reach them, and
 * its answer, even "closed", shows that the host is alive (level 1) and how far it is.
 */
export const probeHost: Prober = async (target, context) => {
  const answer = await knock(target, context);
  return isFailed(answer) ? answer : { level: 1, samples: roundTrip(answer.ms), facts: {} };
};

/** The time of a TCP connect as a sample of the round trip; none when the first SYN was lost. */
export function roundTrip(ms: number | null): Sample[] {
  return ms === null ? [] : [{ metric: 'rtt', value: ms, method: 'tcp-connect' }];
}
