/**
 * A child that replays real round-trip times: lines of `i j v1 v2 …`, ms, gzipped. Every slice counts as half an hour. Who
 * is told by the panel's score, and who by a stop-watch alone, choose from the same measurements.
 *
 *   node dist/bench-choosing-trace.mjs '{"file":"….gz","users":[0,1,2]}'
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Attempt } from '../../../plugin/model/attempt.js';
import { answers, roundTripTime } from '../../../plugin/model/metric.js';
import { argument, say } from '../child.js';
import { sortedBy } from './judge.js';
import { keepersOf, nextScore, orderOf } from './life.js';
import { EPOCH, Panel, PROVIDERS, type Setting } from './panel.js';
import { Random } from './random.js';
import { medianOf } from './rules.js';
import { DAY, FIRST_DECISION, HOUR, STEP, TABLE } from './table.js';
import type { World } from './world.js';

const TYPE = {
  ...{ scoredFrom: 3 as const, cost: { packets: 4, bytes: 600 } },
  metrics: [roundTripTime({ weight: 0.7, useless: 800, excellent: 5 }), answers(0.3)],
};
/** The source counts in steps of 10 ms. */
const LEAST_MS = 5;
/** The day that a choice is judged by, and hours between choices. */
const AHEAD = DAY / STEP;
const EVERY = 11 * HOUR;

type Trace = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

function readTrace(file: string): Trace {
  const trace = new Map<number, Map<number, readonly number[]>>();
  for (const line of gunzipSync(readFileSync(file)).toString().split('\n')) {
    const [from, to, ...times] = line.split(' ').map(Number);
    if (from === undefined || to === undefined || times.length === 0 || times.some(Number.isNaN)) continue;
    trace.set(
      from,
      (trace.get(from) ?? new Map()).set(
        to,
        times.map((ms) => Math.max(ms, LEAST_MS)),
      ),
    );
  }
  return trace;
}

export interface TraceOutcome {
  readonly user: number;
  /** Mean of log(best time / chosen time). */
  readonly quality: Readonly<Record<string, number>>;
  readonly changes: number;
  readonly below: number;
  readonly above: number;
  readonly width: number;
}

function follow(user: number, paths: ReadonlyMap<number, readonly number[]>): TraceOutcome {
  const random = new Random('trace', user);
  const chosen = random.shuffled([...paths.keys()]).slice(0, TABLE.providers);
  const series = chosen.map((to) => paths.get(to) as readonly number[]);
  const timeAt = (provider: number, at: number) => series[provider]?.[Math.floor(at / STEP)] as number;
  const replay = (provider: number, at: number): Attempt => ({
    ...{ provider: PROVIDERS[provider]?.id as string, type: 'trace', at: EPOCH + at, bytes: 600 },
    ...{ level: 4, reason: null, facts: {} },
    samples: [{ metric: 'rtt', value: timeAt(provider, at), method: 'serf-ping' }],
  });
  const estimates = PROVIDERS.map(() => 1);
  const setting: Setting = {
    world: null as unknown as World,
    task: 'chat',
    type: TYPE,
    seed: 1,
    user,
    estimates,
    replay,
  };
  const { planned, full } = keepersOf(setting);
  const length = Math.min(...series.map((times) => times.length));
  const qualities: Record<string, number[]> = {};
  const bounds: number[][] = [];
  for (let at = FIRST_DECISION; at / STEP + AHEAD < length; at += EVERY) {
    const ahead = series.map((times) => times.slice(Math.floor(at / STEP), Math.floor(at / STEP) + AHEAD));
    const truth = ahead.map((times) => Math.exp(times.reduce((sum, ms) => sum + Math.log(ms), 0) / times.length));
    const note = (rule: string, provider = 0) => {
      qualities[rule] ??= [];
      qualities[rule].push(Math.min(...truth) / (truth[provider] as number));
    };
    const rows = planned.until(at);
    const cold = new Panel(setting, `cold at ${at}`);
    const [first] = orderOf(cold.scan(at));
    note('now', sortedBy(PROVIDERS.map((_, index) => timeAt(index, at)))[0]);
    note('cold, first', first);
    note('cold, recommended', cold.badge ?? 0);
    note('medians', sortedBy(PROVIDERS.map((_, index) => medianOf(planned.panel.attempts(index), 'rtt')))[0]);
    note('plan, first', orderOf(rows)[0]);
    note('plan, recommended', planned.panel.badge ?? 0);
    note('all', orderOf(full.until(at))[0]);
    for (const [place, { score, low, high }] of rows.entries()) {
      if ((score ?? 0) <= 0) continue;
      const attempts = (ahead[orderOf(rows)[place] as number] as number[]).map(
        (ms): Attempt =>
          ({
            ...replay(0, 0),
            samples: [{ metric: 'rtt', value: ms, method: 'serf-ping' }],
          }) as Attempt,
      );
      const next = nextScore(TYPE.metrics, attempts);
      bounds.push([Number(next < Number(low)), Number(next > Number(high)), Number(high) - Number(low)]);
    }
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const column = (nth: number) => mean(bounds.map((row) => row[nth] as number));
  return {
    user,
    quality: Object.fromEntries(Object.entries(qualities).map(([rule, list]) => [rule, mean(list)])),
    changes: (planned.changes.length * 7 * DAY) / (length * STEP),
    ...{ below: column(0), above: column(1), width: column(2) },
  };
}

const { file, users } = argument<{ file: string; users: readonly number[] }>();
const trace = readTrace(file);
say(
  users.flatMap((user) => {
    const paths = trace.get(user);
    return paths && paths.size >= TABLE.providers ? [follow(user, paths)] : [];
  }),
);
