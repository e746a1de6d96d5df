/** A child that times the score of a long list: from the attempts, and from the digests that are kept of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Attempt } from '../../plugin/model/attempt.js';
import { answers, answerTime, jitter, loss, roundTripTime } from '../../plugin/model/metric.js';
import type { Provider } from '../../plugin/model/provider.js';
import { type Digest, scoreAt, toDigest } from '../../plugin/score/index.js';
import { rank } from '../../plugin/score/rank.js';
import { argument, say } from './child.js';
import { median } from './marks.js';

const { providers, attempts } = argument<{ providers: number; attempts: number }>();
const NOW = Date.UTC(2026, 10, 23, 12);
const HALF_HOUR = 1_800_000;
const RUNS = 30;
const TYPE = {
  scoredFrom: 3 as const,
  metrics: [
    answerTime({ weight: 0.4, useless: 500, excellent: 5 }),
    roundTripTime({ weight: 0.1, useless: 400, excellent: 5 }),
    jitter({ weight: 0.1, useless: 100, excellent: 5 }),
    loss(0.1),
    answers(0.3),
  ],
};

/** Every eighth attempt fails; every time differs. */
function attemptOf(index: number, nth: number): Attempt {
  const tried = { provider: `p${index}`, type: 't', at: NOW - nth * HALF_HOUR - index, bytes: 300 };
  if ((index + nth) % 8 === 0) return { ...tried, reason: 'timeout', level: 0, detail: null };
  const time = 5 + ((index * 37 + nth * 11) % 200) + 0.123;
  const samples = [
    { metric: 'answer', value: time * 2, method: 'udp' },
    { metric: 'rtt', value: time, method: 'serf-ping' },
    { metric: 'rtt', value: time + 0.5, method: 'serf-ping' },
    { metric: 'jitter', value: 0.5, method: 'serf-ping' },
    { metric: 'loss', value: nth % 5 === 0 ? 0.5 : 0, method: 'serf-ping' },
  ];
  return { ...tried, reason: null, level: 4, samples, facts: { software: `unbound 1.${index}.${nth}` } };
}

const count = (length: number) => Array.from({ length }, (_, index) => index);
const historyOf = (index: number) => count(attempts).map((nth) => attemptOf(index, nth));
const histories = count(providers).map(historyOf);
const listed = count(providers).map(
  (index): Provider => ({
    ...{ id: `p${index}`, type: 't', node: `node${index}`, host: `node${index}`, address: '10.0.0.1', port: 53 },
    ...{ description: '', community: '', txt: new Map(), gossip: null, sources: ['serf'], heardAt: NOW },
    ...{ self: false, barred: null, stale: false },
  }),
);

const digestAll = () => histories.map((attempts) => toDigest(TYPE, attempts, NOW));
const rankAll = (digests: readonly Digest[]) =>
  rank(listed, new Map(digests.map((digest, index) => [`p${index}`, scoreAt(TYPE, digest, NOW + HALF_HOUR)])), {
    seed: 'node',
  });

/** Processor time of the process, ms: the neighbours on this machine do not count. */
function timed(work: () => unknown): number {
  const runs = count(RUNS).map(() => {
    const started = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1_000;
  });
  return median(runs);
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Heap that one digest holds once its attempts are gone, bytes: the mean of many, for the heap also moves by itself. */
function bytesOfOne(): number {
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const kept = count(10 * providers).map((index) => toDigest(TYPE, historyOf(index), NOW));
  return (heap() - before) / kept.length;
}

const digest = timed(digestAll);
const digests = digestAll();
const score = timed(() => rankAll(digests));
if (rankAll(digests).length !== providers) throw new Error('somebody is missing');
const bytes = bytesOfOne();
say({ digest, score, bytes });
