/** What the score needs of a provider's attempts, read once: small plain data that serves until the next attempt. */

import type { Answered, Attempt } from '../model/attempt.js';
import type { Level } from '../model/level.js';
import { PATH_METHODS } from '../model/metric.js';
import type { Path, Worse } from '../model/score.js';
import type { ServiceType } from '../services/contract.js';
import { toWorse } from './habit.js';
import { toLooks } from './looks.js';
import { mean, median, type Tally, toTally } from './mark.js';
import { type Closed, closedBy, type Outcome, toOutcomes } from './outcome.js';

/** The part of a service type that the score reads. */
export type Scored = Pick<ServiceType, 'metrics' | 'scoredFrom'>;

export interface Digest {
  /** The moment that the tallies are weighed at, ms since the epoch. */
  readonly at: number;
  /** Newest attempt, ms since the epoch; null where there is none. */
  readonly measuredAt: number | null;
  /** All attempts, and those that answered. */
  readonly attempts: number;
  readonly samples: number;
  /** Failures in a row up to the newest attempt. */
  readonly failures: number;
  /** Why the provider is out; null = the gate is open. */
  readonly closed: Closed | null;
  /** Level and facts of the newest answer; 0 and none where the gate is closed. */
  readonly level: Level;
  readonly facts: Readonly<Record<string, string>>;
  readonly path: Path | null;
  readonly worse: Worse | null;
  /** In the order of the type's metrics; of a type that is not scored, whatever was measured, by name. */
  readonly tallies: readonly Tally[];
}

const EMPTY: Digest = Object.freeze<Digest>({
  at: 0,
  measuredAt: null,
  attempts: 0,
  samples: 0,
  failures: 0,
  closed: null,
  level: 0,
  facts: {},
  path: null,
  worse: null,
  tallies: [],
});

/**
 * Digests the latest attempts of one provider, given in any order. An attempt later than `now` (ms since the epoch, when
 * given) counts as made now: a clock that ran ahead once must not age all that is measured afterwards. What was measured
 * before `changedAt` (ms since the epoch) tells less, since something has changed by then.
 */
export function toDigest(
  type: Scored,
  attempts: readonly Attempt[],
  now = Number.POSITIVE_INFINITY,
  changedAt = Number.NEGATIVE_INFINITY,
): Digest {
  const outcomes = toOutcomes(attempts, type.scoredFrom ?? 0);
  const newest = outcomes[0]?.attempt.at;
  if (newest === undefined) return EMPTY;
  const answers = outcomes.flatMap(({ answer }) => answer ?? []);
  const at = Math.min(newest, now);
  const counts = { attempts: outcomes.length, samples: answers.length, failures: failuresInARow(outcomes) };
  const tried = { ...EMPTY, at, measuredAt: newest, ...counts };
  const closed = closedBy(outcomes);
  const latest = answers[0];
  if (closed || !latest) return { ...tried, closed };
  const looks = toLooks(outcomes);
  const tallies =
    type.scoredFrom === null ? toFigures(answers) : type.metrics.map((metric) => toTally(metric, looks, at, changedAt));
  return {
    ...tried,
    level: latest.level,
    facts: latest.facts,
    path: toPath(answers),
    worse: toWorse(type.metrics, looks),
    tallies,
  };
}

/** An answer below the proving level is no failure. `outcomes` newest first. */
function failuresInARow(outcomes: readonly Outcome[]): number {
  const unfailed = outcomes.findIndex(({ attempt }) => attempt.reason === null);
  return unfailed === -1 ? outcomes.length : unfailed;
}

/** Any type's samples by ping, weighed or not: all services of a node share its path. */
function toPath(answers: readonly Answered[]): Path | null {
  const values = new Map<string, number[]>();
  for (const { samples } of answers) {
    for (const { metric, value, method } of samples) {
      if (!PATH_METHODS.has(method)) continue;
      const list = values.get(metric);
      if (list) list.push(value);
      else values.set(metric, [value]);
    }
  }
  if (values.size === 0) return null;
  const of = (metric: string) => values.get(metric) ?? [];
  return { rtt: median(of('rtt')), jitter: median(of('jitter')), loss: mean(of('loss')) };
}

const NO_WEIGHT = { looks: 0, answered: 0, failed: 0, marks: 0, unfailed: 0, squares: 0, news: 0 };

/** What was measured of a provider whose type is not scored: worth showing, worth no points. */
function toFigures(answers: readonly Answered[]): Tally[] {
  const samples = answers.flatMap(({ samples }) => samples);
  return [...new Set(samples.map(({ metric }) => metric))].sort().map((metric) => {
    const values = samples.filter((sample) => sample.metric === metric).map(({ value }) => value);
    return { ...NO_WEIGHT, metric, value: median(values), count: values.length };
  });
}
