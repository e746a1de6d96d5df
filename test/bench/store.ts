/**
 * A child that measures the store: a year of a community of 100 as the scanner would write it, on the real disk under a
 * virtual clock; or the memory that the history and the opinions of 500 providers take while they are listed.
 */
import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DAY_MS } from '../../plugin/lib/time.js';
import type { Attempt } from '../../plugin/model/attempt.js';
import type { Sample } from '../../plugin/model/sample.js';
import { openStore } from '../../plugin/store/index.js';
import { seeded } from '../discovery/seeded.js';
import { argument, say } from './child.js';
import { percentile } from './marks.js';
import { residentMB } from './served.js';

export interface Year {
  /** Most that the file and its log took at the end of any day, MB (10⁶ bytes). */
  readonly megabytes: number;
  /** Longest single call of `prune()` in processor time, so that no neighbour on this machine counts, ms. */
  readonly prune: number;
  /** The 99th percentiles of `prune()`, `attempts.add()` and `history.note()` by the clock, disk included, ms. */
  readonly usualPrune: number;
  readonly add: number;
  readonly note: number;
}

interface Asked {
  readonly type: string;
  readonly provider: string;
}

const START = Date.UTC(2026, 0, 1);
/** Two an hour for each of nine types. */
const BACKGROUND = 48 * 9;
/** Nine types; the first is the one that the owner scans by hand, twice a day. */
const TYPES = [20, ...Array.from({ length: 8 }, () => 10)].map((providers, type) =>
  Array.from(
    { length: providers },
    (_, index): Asked => ({ type: `service${type}`, provider: providerIdOf(type, index) }),
  ),
);
const HAND = TYPES[0] as [Asked, ...Asked[]];
/** A scan asks the best three four times more. */
const MORE = 3 * 4;

/** As long as real ones: 32 hexadecimal digits, of which no two begin with the same 12. */
function providerIdOf(type: number, index: number): string {
  return ((type + 1) * 7_919_000_000_007 + index * 104_729_000_003)
    .toString(16)
    .padStart(12, '0')
    .slice(-12)
    .padEnd(32, '0');
}

const below = seeded(1);
/** 0 ≤ x < 1, as finely as a clock gives times. */
const random = () => below(2 ** 32) / 2 ** 32;

const FACTS: readonly Readonly<Record<string, string>>[] = [
  { zones: 'guifi.net', recursion: 'yes', tcp: 'yes', updated: '2026-11-20T10:00:00.000Z', name: 'ns1.vic.guifi.net' },
  { id: 'MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD', tls: 'TLSv1.3' },
  { software: 'squid/5.7', login: 'required' },
];

/** What a probe brings home: two pings with what lies between them, the service's own time, some facts; or a reason. */
function attemptAt(one: Asked, at: number): Attempt {
  const tried = { ...one, at, bytes: 1_500 };
  if (random() < 0.1) return { ...tried, level: 1, reason: 'timeout', detail: null };
  const times = [1, 2].map(() => 2 + 40 * random());
  const samples: Sample[] = [
    { metric: 'answer', value: 5 + 100 * random(), method: 'udp' },
    ...times.map((value) => ({ metric: 'rtt', value, method: 'serf-ping' })),
    { metric: 'jitter', value: Math.abs((times[0] ?? 0) - (times[1] ?? 0)), method: 'serf-ping' },
    { metric: 'loss', value: 0, method: 'serf-ping' },
  ];
  const facts = FACTS[Number(one.type.slice(-1)) % FACTS.length] ?? {};
  return { ...tried, level: 4, reason: null, samples, facts };
}

function year(path: string): Year {
  let now = START;
  const store = openStore(path, () => now);
  const took = { add: [] as number[], note: [] as number[], prune: [] as number[] };
  const timed = (what: keyof typeof took, act: () => unknown) => {
    const started = performance.now();
    act();
    took[what].push(performance.now() - started);
  };
  let longest = 0;
  const prune = () => {
    const before = process.cpuUsage();
    timed('prune', () => store.prune());
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
  };
  /** As the scanner does it, but that the disk is flushed once an hour only: the bench is to end some time. */
  const measure = (asked: readonly Asked[]) => {
    for (const one of asked) timed('add', () => store.attempts.add(attemptAt(one, now++)));
    for (const one of new Set(asked)) timed('note', () => store.history.note(one.type, one.provider, 100 * random()));
    if (took.prune.length % 18 === 0) store.flush();
    prune();
  };
  let most = 0;
  for (let day = 0; day < 365; day++) {
    for (let probe = 0; probe < BACKGROUND; probe++) {
      now = START + (day + probe / BACKGROUND) * DAY_MS;
      measure([TYPES[probe % TYPES.length]?.[below(10)] ?? HAND[0]]);
      if (probe === 150 || probe === 350)
        measure([...HAND, ...Array.from({ length: MORE }, (_, i) => HAND[i % 3] ?? HAND[0])]);
    }
    most = Math.max(most, statSync(path).size + statSync(`${path}-wal`).size);
  }
  store.close();
  const p99 = (what: keyof typeof took) => percentile(took[what], 0.99);
  return { megabytes: most / 1e6, prune: longest, usualPrune: p99('prune'), add: p99('add'), note: p99('note') };
}

/** A type of 500 providers over 90 days, each with the owner's word. */
function fill(path: string): void {
  let now = START;
  const store = openStore(path, () => now);
  for (let day = 0; day < 90; day++) {
    now = START + day * DAY_MS;
    for (let index = 0; index < 500; index++) {
      const one = { type: 'service', provider: providerIdOf(0, index) };
      store.attempts.add(attemptAt(one, now));
      store.history.note(one.type, one.provider, 50);
      if (day < 3) store.opinions.rate(one.type, one.provider, 4);
      if (day === 0) store.opinions.put(one.type, one.provider, { pinned: true, note: 'Ask the neighbour first.' });
    }
    store.flush();
    while (store.prune() > 0);
  }
  store.close();
}

/** Resident memory with everything in hand that a list of the type shows of history and opinions, MB. */
function listed(path: string): number {
  const store = openStore(path, () => START + 89 * DAY_MS);
  const shown = { bars: store.history.bars('service', START), opinions: store.opinions.all('service') };
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const megabytes = residentMB(process.pid);
  if (shown.bars.size !== shown.opinions.size) throw new Error('the list is not whole');
  store.close();
  return megabytes;
}

const { what, path } = argument<{ what: 'year' | 'fill' | 'listed'; path: string }>();
say({ year, fill, listed }[what](path) ?? null);
