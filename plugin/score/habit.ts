/** Whether a provider has lately been worse than it usually is: a pure function of its history, which the score is not told. */
import { largest, smallest } from '../lib/extremes.js';
import type { Metric } from '../model/metric.js';
import type { Worse } from '../model/score.js';
import { median } from './mark.js';
import type { Outcome } from './outcome.js';

/** So many looks in a row must agree, and so many earlier ones make a habit. */
const AGREE = 2;
const HABIT = 6;
/** Each of the latest takes at least so much longer than usual (logarithm), and all together by so many deviations. */
const LONGER = Math.log(1.7);
const DEVIATIONS = 2.5;
/** Nobody is steadier than this, logarithm. */
const LEAST_DEVIATION = 0.2;
/** So that nothing is made of fractions of a millisecond. */
const UNFELT_MS = 2;

interface Look {
  readonly at: number;
  /** ms */
  readonly time: number;
}

/**
 * Since when, and how much longer it takes than usual: by the time that weighs most in its type. The longest row of latest
 * looks counts that are all worse than those before them, so that the habit is not forgotten while it lasts.
 * @param looks the newest first
 */
export function toWorse(metrics: readonly Metric[], looks: readonly (readonly Outcome[])[]): Worse | null {
  for (const metric of byWeight(metrics)) {
    const times = looks.flatMap((look) => toTime(metric.id, look) ?? []);
    if (times.length < AGREE + HABIT) continue;
    for (let count = times.length - HABIT; count >= AGREE; count--) {
      const [latest, usual] = [times.slice(0, count), times.slice(count)];
      if (isWorse(latest, usual)) return toResult(metric.id, latest, usual);
    }
    return null;
  }
  return null;
}

const byWeight = (metrics: readonly Metric[]) =>
  metrics.filter(({ unit }) => unit === 'ms').toSorted((a, b) => b.weight - a.weight);

function toTime(metric: string, look: readonly Outcome[]): Look | null {
  const values = look.flatMap(({ answer }) => answer?.samples.filter((sample) => sample.metric === metric) ?? []);
  const time = median(values.map(({ value }) => value));
  return time === null ? null : { at: largest(look.map(({ attempt }) => attempt.at)), time };
}

function isWorse(latest: readonly Look[], usual: readonly Look[]): boolean {
  const log = ({ time }: Look) => Math.log(time + UNFELT_MS);
  const habits = usual.map(log);
  const middle = mean(habits);
  const deviation = Math.sqrt(mean(habits.map((one) => (one - middle) ** 2)));
  const beyond = latest.map((look) => log(look) - middle);
  return smallest(beyond) > LONGER && mean(beyond) > DEVIATIONS * Math.max(deviation, LEAST_DEVIATION);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function toResult(metric: string, latest: readonly Look[], usual: readonly Look[]): Worse {
  const middle = (looks: readonly Look[]) => Number(median(looks.map(({ time }) => time)));
  return { metric, since: Number(latest.at(-1)?.at), today: middle(latest), usual: middle(usual) };
}
