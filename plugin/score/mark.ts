/** Steps 2 and 3 of the score: what all attempts together say of one metric, old ones less, few ones doubtfully. */
import { ANSWERS, type Metric } from '../probe/metrics.js';
import type { Answered } from '../store/attempts.js';
import { curveOf } from './curve.js';
import type { Outcome } from './outcome.js';

/** Every metric begins with one imaginary sample of middling mark: a single perfect measurement gives 75, not 100. */
const PRIOR_COUNT = 1;
const PRIOR_MARK = 0.5;
const HOUR = 3_600_000;

/** What is known of one metric of one provider. */
export interface Mark {
  readonly metric: Metric;
  /** 0..1, both excluded: the prior keeps it off the ends. */
  readonly mark: number;
  /** How many samples stand behind it, the prior included, old ones counting less. */
  readonly count: number;
  /** Plain figure for the reader, in the metric's unit; null where nothing was measured. */
  readonly value: number | null;
}

/**
 * Weighs one metric over all outcomes. Each attempt counts once, as the mean of its samples' marks, so that the many
 * samples of a slow answer never weigh more than the one zero of a failure. A failure marks 0 in every metric; an answer
 * without the metric says nothing about it. `now` in ms since the epoch; an attempt later than that counts as fresh.
 */
export function weigh(metric: Metric, outcomes: readonly Outcome[], now: number): Mark {
  const values: number[] = [];
  const curve = curveOf(metric);
  const decay = Math.LN2 / (metric.halfLifeHours * HOUR);
  let sum = PRIOR_COUNT * PRIOR_MARK;
  let count = PRIOR_COUNT;
  for (const { attempt, answer } of outcomes) {
    const mark = answer === null ? 0 : markOfAnswer(metric.id, curve, answer, values);
    if (mark === null) continue;
    const weight = Math.exp(-decay * Math.max(0, now - attempt.at));
    sum += weight * mark;
    count += weight;
  }
  return { metric, mark: sum / count, count, value: figure(metric, outcomes, values) };
}

/** Times by their median; shares by their mean, for a fifth of the packets lost has a median of none. */
function figure(metric: Metric, outcomes: readonly Outcome[], values: readonly number[]): number | null {
  if (metric.id === ANSWERS) return answered(outcomes);
  return metric.unit === 'share' ? mean(values) : median(values);
}

/** null of nothing. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean mark of the answer's samples, which join `values`; null where it has none of this metric. */
function markOfAnswer(
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
function answered(outcomes: readonly Outcome[]): number {
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
