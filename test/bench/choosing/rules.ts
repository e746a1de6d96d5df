/** The ways of choosing that the score is held against: most of them look at the present only, none of them at the truth. */

import type { Attempt } from '../../../plugin/model/attempt.js';
import type { Metric } from '../../../plugin/model/metric.js';
import { toCurve } from '../../../plugin/score/curve.js';
import { median } from '../../../plugin/score/mark.js';
import { sortedBy } from './judge.js';
import type { Random } from './random.js';
import { TABLE } from './table.js';

/**
 * Time until each node has got a gossiped query, ms: each holder tells three others at each of its ticks. Node 0 asks.
 */
export function gossipDelays(nodes: number, random: Random): number[] {
  const { tickMs, fanout } = TABLE.gossip;
  const heard = Array.from({ length: nodes }, () => Number.POSITIVE_INFINITY);
  heard[0] = 0;
  const phases = heard.map(() => random.next() * tickMs);
  for (let tick = 0; heard.some((at) => at === Number.POSITIVE_INFINITY); tick++) {
    for (const node of sortedBy(phases)) {
      const now = tick * tickMs + (phases[node] as number);
      if ((heard[node] as number) > now) continue;
      for (let told = 0; told < fanout; told++) {
        const other = random.below(nodes);
        heard[other] = Math.min(heard[other] as number, now);
      }
    }
  }
  return heard;
}

/** The original's score of one acknowledgement, `100 - parseInt(acktime * 100)`; none for later than a second. */
export function originalScore(ackMs: number): number | null {
  return ackMs <= 1_000 ? 100 - Math.trunc(ackMs / 10) : null;
}

/** Median of a metric over a provider's answered attempts; Infinity where there is none. */
export function medianOf(attempts: readonly Attempt[], metric: string): number {
  const values = attempts.flatMap((attempt) =>
    attempt.reason === null ? attempt.samples.filter((one) => one.metric === metric).map(({ value }) => value) : [],
  );
  return median(values) ?? Number.POSITIVE_INFINITY;
}

/** Marks of the medians of what was measured, and the share that answered: one row per provider, one column per metric. */
export function markTable(metrics: readonly Metric[], histories: readonly (readonly Attempt[])[]): number[][] {
  return histories.map((attempts) =>
    metrics.map((metric) => {
      const answered = attempts.filter(({ reason }) => reason === null).length / Math.max(attempts.length, 1);
      const value = metric.id === 'answers' ? answered : medianOf(attempts, metric.id);
      return value === Number.POSITIVE_INFINITY ? 0 : toCurve(metric)(value);
    }),
  );
}

const FLOOR = 0.02;

/** Plain medians joined as the score joins; no forgetting, no doubt, no gate. */
export function byMedians(metrics: readonly Metric[], marks: readonly (readonly number[])[]): number[] {
  return sortedBy(marks.map((row) => -weighed(metrics, row, (mark) => Math.log(Math.max(mark, FLOOR)))));
}

/** The same, joined by the arithmetic mean. */
export function byMean(metrics: readonly Metric[], marks: readonly (readonly number[])[]): number[] {
  return sortedBy(marks.map((row) => -weighed(metrics, row, (mark) => mark)));
}

function weighed(metrics: readonly Metric[], row: readonly number[], of: (mark: number) => number): number {
  return metrics.reduce((sum, { weight }, index) => sum + weight * of(row[index] as number), 0);
}

/** TOPSIS: nearness to the best of each column, farness from the worst, vector normalised (Hwang and Yoon, 1981). */
export function byTopsis(metrics: readonly Metric[], marks: readonly (readonly number[])[]): number[] {
  const columns = metrics.map(({ weight }, index) => {
    const column = marks.map((row) => row[index] as number);
    const length = Math.hypot(...column) || 1;
    return column.map((mark) => (weight * mark) / length);
  });
  const distance = (provider: number, end: (column: readonly number[]) => number) =>
    Math.hypot(...columns.map((column) => (column[provider] as number) - end(column)));
  const closeness = marks.map((_, provider) => {
    const best = distance(provider, (column) => Math.max(...column));
    const worst = distance(provider, (column) => Math.min(...column));
    return worst / (best + worst || 1);
  });
  return sortedBy(closeness.map((one) => -one));
}
