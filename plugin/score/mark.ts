/** Steps 2 and 3 of the score: what all attempts together say of one metric, old ones less, few ones doubtfully. */

import type { Answered } from '../model/attempt.js';
import { ANSWERS, type Metric } from '../model/metric.js';
import { toCurve } from './curve.js';
import type { Outcome } from './outcome.js';

/** Every metric begins with one imaginary sample of middling mark: a single perfect measurement gives 75, not 100. */
export const PRIOR_COUNT = 1;
const PRIOR_MARK = 0.5;
const HOUR = 3_600_000;

/** All that the attempts say of one metric, as sums in which each attempt weighs what its age leaves of it. */
export interface Tally {
  readonly metric: string;
  /** Plain figure for the reader, in the metric's unit; null where nothing was measured. */
  readonly value: number | null;
  /** Attempts that tell of the metric, whatever their age: answers with a sample of it, and failures. */
  readonly count: number;
  /** Weight of those answers, of those failures, and of the answers' marks. */
  readonly answered: number;
  readonly failed: number;
  readonly marks: number;
}

/** What is known of one metric of one provider at one moment. */
export interface Mark {
  readonly metric: Metric;
  readonly tally: Tally;
  /** 0..1, both excluded: the prior keeps it off the ends. */
  readonly mark: number;
  /** Number of samples behind it, prior included, old ones counting less. */
  readonly count: number;
  /** Shares, 0..1, of what the mark lacks: for attempts that failed, and for knowing too little. The rest was measured. */
  readonly failures: number;
  readonly doubt: number;
}

/** What is left of a sample's weight after `age` ms; a future sample counts as fresh. */
const remaining = (age: number, halfLifeHours: number) =>
  Math.exp((-Math.LN2 / (halfLifeHours * HOUR)) * Math.max(0, age));

/**
 * Sums one metric over all outcomes as of `at` (ms since the epoch). Each attempt counts once, as the mean of its
 * samples' marks, so that the many samples of a slow answer never weigh more than the one zero of a failure. A failure
 * marks 0 in every metric; an answer without the metric says nothing about it.
 */
export function toTally(metric: Metric, outcomes: readonly Outcome[], at: number): Tally {
  const values: number[] = [];
  const curve = toCurve(metric);
  const sums = { count: 0, answered: 0, failed: 0, marks: 0 };
  for (const { attempt, answer } of outcomes) {
    const mark = answer === null ? 0 : answerMark(metric.id, curve, answer, values);
    if (mark === null) continue;
    const weight = remaining(at - attempt.at, metric.halfLifeHours);
    sums.count += 1;
    sums[answer === null ? 'failed' : 'answered'] += weight;
    sums.marks += weight * mark;
  }
  return { metric: metric.id, value: figure(metric, outcomes, values), ...sums };
}

/** The mark `age` ms after the tally: forgetting is exponential, so all weights shrink alike. */
export function toMark(metric: Metric, tally: Tally, age: number): Mark {
  const left = remaining(age, metric.halfLifeHours);
  const answered = PRIOR_COUNT + tally.answered * left;
  const count = answered + tally.failed * left;
  const mark = (PRIOR_COUNT * PRIOR_MARK + tally.marks * left) / count;
  return { metric, tally, mark, count, ...blame(mark, count / answered, tally) };
}

/**
 * Why the mark is not 1, in its logarithm, where reasons add up: without the failures it would be `withoutFailures` times
 * as high; of what is then missing, the answers' own mean explains a part, and the prior the rest. Where the prior
 * flatters, there is no doubt to complain of.
 */
function blame(mark: number, withoutFailures: number, { answered, marks }: Tally) {
  const all = -Math.log(mark);
  const failures = Math.log(withoutFailures);
  const measured = answered === 0 ? 0 : Math.max(0, -Math.log(marks / answered));
  return { failures: failures / all, doubt: Math.max(0, all - failures - measured) / all };
}

/** Times by their median; shares by their mean, for a fifth of the packets lost has a median of none. */
function figure(metric: Metric, outcomes: readonly Outcome[], values: readonly number[]): number | null {
  if (metric.id === ANSWERS) return answeredShare(outcomes);
  return metric.unit === 'share' ? mean(values) : median(values);
}

/** null of nothing. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean mark of the answer's samples, which join `values`; null where it has none of this metric. */
function answerMark(
  metric: string,
  curve: (value: number) => number,
  answer: Answered,
  values: number[],
): number | null {
  if (metric === ANSWERS) return 1;
  let sum = 0;
  let count = 0;
  for (const sample of answer.samples) {
    if (sample.metric !== metric) continue;
    values.push(sample.value);
    sum += curve(sample.value);
    count += 1;
  }
  return count === 0 ? null : sum / count;
}

/** Share of the attempts that succeeded. */
function answeredShare(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { answer }) => sum + (answer === null ? 0 : 1), 0) / outcomes.length;
}

/** The middle value, or the mean of the two in the middle; null of nothing. */
export function median(values: readonly number[]): number | null {
  // A typed array sorts by value without calling back: it is most of what a long list costs.
  const sorted = new Float64Array(values).sort();
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
