/** Steps 2 and 3 of the score: what all attempts together say of one metric, old ones less, few ones doubtfully. */

import type { Answered } from '../model/attempt.js';
import { ANSWERS, type Metric } from '../model/metric.js';
import { toCurve } from './curve.js';
import { toMiddle, toPlain, type Weighed } from './middle.js';
import type { Outcome } from './outcome.js';

/** Every metric begins with one imaginary look of middling mark: a single perfect measurement gives 75, not 100. */
export const PRIOR_COUNT = 1;
export const PRIOR_MARK = 0.5;
const HOUR = 3_600_000;
/** A look this long after another, ms, tells two thirds of what an unrelated one would: loads last for hours. */
const NEWS_MS = 6 * HOUR;

/** What a look from before a change still tells of the path and the service, as a share. That it answers is another matter. */
const BEFORE_CHANGE = 0.02;

/** All that the attempts say of one metric, as sums in which each look weighs what its age leaves of it. */
export interface Tally {
  readonly metric: string;
  /** Plain figure for the reader, in the metric's unit; null where nothing was measured. */
  readonly value: number | null;
  /** Attempts that tell of the metric, whatever their age: answers with a sample of it, and failures. */
  readonly count: number;
  /** Looks that tell of it. */
  readonly looks: number;
  /** Weight of the looks as far as they were answers, as far as they were failures, and of their typical mark. */
  readonly answered: number;
  readonly failed: number;
  readonly marks: number;
  /** The same of the answers' typical mark, and of the looks' mean square about theirs. */
  readonly unfailed: number;
  readonly squares: number;
  /** Weight of what each look told that the next one did not. */
  readonly news: number;
}

/** What is known of one metric of one provider at one moment. */
export interface Mark {
  readonly metric: Metric;
  readonly tally: Tally;
  /** 0..1, both excluded: the prior keeps it off the ends. */
  readonly mark: number;
  /** Number of looks behind it, prior included, old ones counting less. */
  readonly count: number;
  /** The same without the prior, and looks soon after each other counting less too. */
  readonly news: number;
  /** Shares, 0..1, of what the mark lacks: for attempts that failed, and for knowing too little. The rest was measured. */
  readonly failures: number;
  readonly doubt: number;
}

/** What is left of a sample's weight after `age` ms; a future sample counts as fresh. */
const remaining = (age: number, halfLifeHours: number) =>
  Math.exp((-Math.LN2 / (halfLifeHours * HOUR)) * Math.max(0, age));

/**
 * Sums one metric over all looks, newest first, as of `at` (ms since the epoch). Each attempt counts once, as the mean of
 * its samples' marks, and each look once, as the mean of its attempts: many tries at once are no more than one. A failure
 * marks 0 in every metric; an answer without the metric says nothing about it. Looks before `changedAt` weigh less.
 */
export function toTally(
  metric: Metric,
  looks: readonly (readonly Outcome[])[],
  at: number,
  changedAt = Number.NEGATIVE_INFINITY,
): Tally {
  const values: number[] = [];
  const curve = toCurve(metric);
  const sums = { count: 0, looks: 0, answered: 0, failed: 0, news: 0 };
  const all: Weighed[] = [];
  const answers: Weighed[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (const look of looks) {
    const { count, failed, marks, newest } = sumLook(metric.id, curve, look, values);
    if (count === 0) continue;
    const isBefore = newest < changedAt && metric.id !== ANSWERS;
    const weight = remaining(at - newest, metric.halfLifeHours) * (isBefore ? BEFORE_CHANGE : 1);
    const [answered, failing] = [weight * (1 - failed / count), weight * (failed / count)];
    all.push({ mark: marks / count, weight });
    if (failed < count) answers.push({ mark: marks / (count - failed), weight: answered });
    sums.count += count;
    sums.looks += 1;
    sums.answered += answered;
    sums.failed += failing;
    sums.news += weight * -Math.expm1((newest - next) / NEWS_MS);
    next = newest;
  }
  return { metric: metric.id, value: figure(metric, looks.flat(), values), ...sums, ...typical(metric, all, answers) };
}

/**
 * Times by the middle half of the looks: an outage or a busy hour tells of `answers`, and little of what is usual. Whether
 * it answers, by all looks.
 */
function typical(metric: Metric, all: readonly Weighed[], answers: readonly Weighed[]) {
  const of = metric.id === ANSWERS ? toPlain : toMiddle;
  const [{ mean, spread }, answered] = [of(all), of(answers)];
  const weight = (looks: readonly Weighed[]) => looks.reduce((sum, look) => sum + look.weight, 0);
  return {
    marks: weight(all) * mean,
    unfailed: weight(answers) * answered.mean,
    squares: weight(all) * (mean * mean + spread),
  };
}

/** What one look says of a metric: how many of its attempts tell of it, how many failed, their marks, the newest's time. */
function sumLook(metric: string, curve: (value: number) => number, look: readonly Outcome[], values: number[]) {
  const sums = { count: 0, failed: 0, marks: 0, newest: Number.NEGATIVE_INFINITY };
  for (const { attempt, answer } of look) {
    const mark = answer === null ? 0 : answerMark(metric, curve, answer, values);
    if (mark === null) continue;
    sums.count += 1;
    sums.failed += answer === null ? 1 : 0;
    sums.marks += mark;
    sums.newest = Math.max(sums.newest, attempt.at);
  }
  return sums;
}

/** The mark `age` ms after the tally: forgetting is exponential, so all weights shrink alike. */
export function toMark(metric: Metric, tally: Tally, age: number): Mark {
  const left = remaining(age, metric.halfLifeHours);
  const answered = PRIOR_COUNT + tally.answered * left;
  const count = answered + tally.failed * left;
  const mark = (PRIOR_COUNT * PRIOR_MARK + tally.marks * left) / count;
  const withoutFailures = (PRIOR_COUNT * PRIOR_MARK + tally.unfailed * left) / answered;
  return { metric, tally, mark, count, news: tally.news * left, ...blame(mark, withoutFailures, tally) };
}

/**
 * Why the mark is not 1, in its logarithm, where reasons add up: without the failures it would be that much; of what is
 * then missing, the answers' own typical mark explains a part, and the prior the rest. Where the prior flatters, there is no
 * doubt to complain of.
 */
function blame(mark: number, withoutFailures: number, { answered, unfailed }: Tally) {
  const all = -Math.log(mark);
  const failures = Math.max(0, Math.log(withoutFailures / mark));
  const measured = answered === 0 ? 0 : Math.max(0, -Math.log(unfailed / answered));
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
