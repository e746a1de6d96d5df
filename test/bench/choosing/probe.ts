/** One probe of a simulated provider, measured, failed, counted and stored as the program's own probes are. */

import type { Attempt } from '../../../plugin/model/attempt.js';
import { PATH_METHOD, WIDTH } from '../../../plugin/model/metric.js';
import type { Sample } from '../../../plugin/model/sample.js';
import { PATH_COST, pathSamples } from '../../../plugin/probe/path.js';
import { PACKET_TRAIN_COST, TRAIN_PACKET_KB, widthSamples } from '../../../plugin/probe/ping.js';
import type { ServiceType } from '../../../plugin/services/contract.js';
import { trainOver } from './network.js';
import type { Random } from './random.js';
import { TABLE } from './table.js';
import type { TaskName } from './tasks.js';
import type { State } from './world.js';

/** Limits of the real probes, ms: the connection (with what is repeated within it), the answer, and one question by UDP. */
const LIMITS = { connect: 4_000, answer: 6_000, udp: 1_500 };
/** Times that a question by UDP is asked. */
const UDP_TRIES = 2;
/** From here on, ms, a connection's time tells only of its lost first packet, and is not kept. */
const LOST_SYN_MS = 900;
/** Serf pings of one probe: each is one packet there and one back. */
const PINGS = PATH_COST.packets / 2;
const TRAIN = { packets: PACKET_TRAIN_COST.packets / 2, kB: TRAIN_PACKET_KB };

export interface Probe {
  readonly task: TaskName;
  readonly type: Pick<ServiceType, 'cost' | 'metrics'>;
  readonly provider: string;
  readonly state: State;
  readonly at: number;
  readonly random: Random;
}

type Measured = readonly Sample[] | null;

export function probeOnce({ task, type, provider, state, at, random }: Probe): Attempt {
  const bytes = type.cost.bytes + PATH_COST.bytes;
  const weighsWidth = type.metrics.some(({ id }) => id === WIDTH);
  const tried = { provider, type: task, at };
  const samples = state.reachable ? ASK[task](state, random) : null;
  if (samples === null) {
    const spared = weighsWidth ? PACKET_TRAIN_COST.bytes : 0;
    return { ...tried, bytes: bytes - spared, level: 0, reason: 'timeout', detail: null };
  }
  const path = [...pings(state, random), ...(weighsWidth ? train(state, random) : [])];
  return { ...tried, bytes, level: 4, reason: null, samples: [...samples, ...path], facts: {} };
}

const roundTrip = ({ rtt }: State, random: Random) => rtt * random.spread(TABLE.noise.rtt);
const served = ({ probedMs }: State, random: Random) => probedMs * random.spread(TABLE.noise.server);

function pings(state: State, random: Random): Sample[] {
  const once = () => (random.next() < state.loss ? null : { ms: roundTrip(state, random) });
  return pathSamples(Array.from({ length: PINGS }, once), PATH_METHOD);
}

function train(state: State, random: Random): Sample[] {
  const first = roundTrip(state, random);
  const behind = trainOver(state.way, state.step, random, TRAIN);
  return widthSamples(
    behind.map((ms) =>
      random.next() < state.loss ? null : { ms: Math.max(0, first + ms + TABLE.train.clock * random.normal()) },
    ),
  );
}

/** Time of a TCP connect, ms; null when it failed. Linux asks at 0, 1 and 3 s. */
function connect(state: State, random: Random): number | null {
  let waited = 0;
  for (let pause: number = TABLE.resend.connect; random.next() < state.loss; pause *= 2) {
    waited += pause;
    if (waited >= LIMITS.connect) return null;
  }
  return waited + roundTrip(state, random);
}

/** Time of an exchange on an open connection, ms, in which the server works for so long; null beyond the limit. */
function exchange(state: State, random: Random, serverMs: number): number | null {
  let ms = roundTrip(state, random) + serverMs;
  for (let pause: number = TABLE.resend.data; random.next() < state.loss; pause *= 2) ms += pause;
  return ms > LIMITS.answer ? null : ms;
}

function overTcp(metric: string, method: string, effort: number) {
  return (state: State, random: Random): Measured => {
    const connected = connect(state, random);
    if (connected === null) return null;
    const ms = exchange(state, random, effort * served(state, random));
    if (ms === null) return null;
    const rtt = { metric: 'rtt', value: connected, method: 'tcp-connect' };
    return [...(connected < LOST_SYN_MS ? [rtt] : []), { metric, value: ms, method }];
  };
}

/** A name server with the community's zones, freshly generated: what differs is its time and its losses. */
function overUdp(state: State, random: Random): Measured {
  for (let tries = 1; tries <= UDP_TRIES; tries++) {
    const ms = roundTrip(state, random) + served(state, random);
    if (random.next() < state.loss || ms > LIMITS.udp) continue;
    return [
      { metric: 'answer', value: ms, method: 'udp' },
      { metric: 'loss', value: 1 - 1 / tries, method: 'udp' },
      { metric: 'resolves', value: 1, method: 'udp' },
      { metric: 'zones', value: 1, method: 'udp' },
      { metric: 'age', value: 10, method: 'udp' },
    ];
  }
  return null;
}

const ASK: Readonly<Record<TaskName, (state: State, random: Random) => Measured>> = {
  web: overTcp('ttfb', 'http', 1),
  sync: overTcp('handshake', 'tls', TABLE.handshakeShare),
  chat: overUdp,
};
