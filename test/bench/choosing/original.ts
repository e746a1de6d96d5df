/**
 * A child that repeats the original's scan with real Serf agents: each gossips through a relay that puts it at a known
 * distance, one query asks all for an acknowledgement, and the time of each makes its score. The program's own probe and
 * score go through the same relays in the same run.
 *
 * Compared is the order of distances alone: nothing but the relays' delays tells the agents apart. A query meets a
 * node's relay on its way there; its acknowledgement comes back by the asker's, which delays nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt } from '../../../plugin/model/attempt.js';
import type { Provider } from '../../../plugin/model/provider.js';
import { attemptOnce } from '../../../plugin/scan/attempt.js';
import { LagGuard } from '../../../plugin/scan/lag.js';
import { toScore } from '../../../plugin/score/index.js';
import { loadServices } from '../../../plugin/services/index.js';
import { type Agent, killAgents, startCommunity } from '../../real/agents.js';
import type { RelayOptions } from '../../relay.js';
import { hurry } from '../../relay-process.js';
import { argument, say, startChild, stop } from '../child.js';
import { spearman } from './judge.js';
import { Random } from './random.js';
import { originalScore } from './rules.js';

/** How a scan did, each a mean over all scans or neighbouring pairs of them. */
export interface Scans {
  /** Spearman's correlation of scores and nearness. */
  readonly truth: number;
  /** The same between one scan's scores and the next one's. */
  readonly retest: number;
  /** Share of scans whose best score has the nearest node. */
  readonly first: number;
}

export interface Original {
  readonly agents: number;
  readonly scans: number;
  readonly original: Scans;
  readonly ours: Scans;
}

const SCANS = 10;
/** One way, ms: nodes between 1 and 20 ms, each farther by the same factor, in no order. */
const NEAREST_MS = 1;
const FARTHEST_MS = 20;
/** Longest wait for acknowledgements, ms: the original waits 15 s, and scores nobody who needs more than one. */
const QUERY_MS = 1_500;
/** Pauses between scans, ms: a gossiped message has died away. */
const PAUSE_MS = 500;

hurry();
const { agents: count } = argument<{ agents: number }>();
const random = new Random('original', count);
const steps = random.shuffled(Array.from({ length: count - 1 }, (_, index) => index / (count - 2)));
/** One way to each node, ms; the first is the asker. */
const delays = [0, ...steps.map((step) => NEAREST_MS * (FARTHEST_MS / NEAREST_MS) ** step)];

const place = (part: number, index: number) => `127.${80 + (process.pid % 16)}.${count + part}.${index + 1}`;
const PORT = 17_946;

async function withCommunity<T>(use: (agents: readonly Agent[]) => Promise<T>): Promise<T> {
  const relays = delays.map<RelayOptions>((ms, index) => ({
    ...{ address: place(100, index), port: PORT, delay: ms, seed: index },
    to: { address: place(0, index), port: PORT },
  }));
  const { child } = await startChild<true>('choosing-relays', relays);
  try {
    const agents = await startCommunity(
      delays.map((_, index) => ({
        name: `node${index}`,
        address: place(0, index),
        // What a community runs: the last profile given is the one that counts.
        args: [`-advertise=${place(100, index)}:${PORT}`, '-profile=lan'],
      })),
    );
    // Gossip about the joining itself would hold up the first query.
    await delay(5_000);
    return await use(agents);
  } finally {
    await killAgents();
    await stop(child);
  }
}

/** Scores of one scan by index of the node, the asker's own left out. */
async function originalScan([asker]: readonly Agent[], nth: number): Promise<number[]> {
  const client = await (asker as Agent).connect();
  const acks = new Map<string, number>();
  const asked = performance.now();
  await client.query({ name: `reachability-${nth}`, timeoutMs: QUERY_MS, ack: true }, ({ type, from }) => {
    if (type === 'ack' && !acks.has(from)) acks.set(from, performance.now() - asked);
  });
  client.close();
  return delays
    .slice(1)
    .map((_, index) => originalScore(acks.get(`node${index + 1}`) ?? Number.POSITIVE_INFINITY) ?? -1);
}

const services = await loadServices();
const lag = new LagGuard();
const { signal: never } = new AbortController();
/** As the scanner does where its own event loop was late. */
const REPEATS = 2;

/** One attempt at each, without any history. */
async function ourScan(agents: readonly Agent[]): Promise<number[]> {
  const type = services.of('serf');
  const scores: number[] = [];
  for (const [index, { name }] of agents.slice(1).entries()) {
    const at = { address: place(100, index + 1), port: PORT };
    const provider: Provider & { readonly port: number } = {
      ...{ id: name, type: type.id, node: name, host: name, ...at, description: '', community: '', txt: new Map() },
      ...{ gossip: at, sources: ['serf'], self: false, barred: null, stale: false, heardAt: Date.now() },
    };
    const attempts: Attempt[] = [];
    for (let tries = 0, again = true; again && tries <= REPEATS; tries++) {
      const { attempt, lagged } = await attemptOnce(type, provider, { lag, now: Date.now, signal: never });
      if (attempt) attempts.push(attempt);
      again = lagged;
    }
    scores.push(toScore(type, attempts, Date.now()).score ?? -1);
  }
  return scores;
}

function judged(scans: readonly (readonly number[])[]): Scans {
  const nearness = delays.slice(1).map((ms) => -ms);
  const nearest = nearness.indexOf(Math.max(...nearness));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    truth: mean(scans.map((scores) => spearman(scores, nearness))),
    retest: mean(scans.slice(1).map((scores, index) => spearman(scores, scans[index] as number[]))),
    first: mean(scans.map((scores) => Number(scores.indexOf(Math.max(...scores)) === nearest))),
  };
}

const result = await withCommunity(async (agents): Promise<Original> => {
  const scans: { readonly original: number[]; readonly ours: number[] }[] = [];
  for (let nth = 0; nth < SCANS; nth++) {
    const original = await originalScan(agents, nth);
    scans.push({ original, ours: await ourScan(agents) });
    await delay(PAUSE_MS);
  }
  return {
    ...{ agents: count, scans: SCANS },
    original: judged(scans.map(({ original }) => original)),
    ours: judged(scans.map(({ ours }) => ours)),
  };
});
lag.close();
say(result);
