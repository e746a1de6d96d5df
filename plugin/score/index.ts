/** The score: pure, without input or output and without a clock. Attempts in, a number with its reasons out. */
import type { Level, Reason } from '../probe/levels.js';
import { answers, answerTime, handshakeTime, loss, type Metric, PATH_METHOD, roundTripTime } from '../probe/metrics.js';
import type { ServiceType } from '../services/index.js';
import type { Attempt } from '../store/attempts.js';
import { join } from './join.js';
import { mean, median, weigh } from './mark.js';
import { closedBy, type Outcome, outcomesOf } from './outcome.js';

export interface Part {
  readonly metric: string;
  /** Median of the measured values in the metric's unit; null where nothing was measured. */
  readonly value: number | null;
  readonly unit: string | null;
  /** 0..1; null where the type is not scored. */
  readonly mark: number | null;
  readonly weight: number;
  /** Points lost to this metric; over all parts they sum to 100 − score. */
  readonly lost: number;
}

export type Confidence = 'guess' | 'fair' | 'solid';

/** What Serf pings beside the probes say of the path to the node; each null where nothing was measured. */
export interface Path {
  /** Medians, ms. */
  readonly rtt: number | null;
  readonly jitter: number | null;
  /** Share of the pings lost. */
  readonly loss: number | null;
}

export interface Score {
  readonly level: Level;
  /** 0..100; null when never tried, or when the type is not scored. */
  readonly score: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly confidence: Confidence | null;
  /** Why it is 0 or has no score; null where it simply has one, or was never tried. */
  readonly reason: Reason | null;
  /** What was seen at the failure; a stranger's text. */
  readonly detail: string | null;
  /** Scored at a level that cannot prove the service. */
  readonly unproven: boolean;
  readonly parts: readonly Part[];
  /** null where the node does not gossip, or nothing of it is known, or the gate is closed. */
  readonly path: Path | null;
  /** Attempts that answered, and all attempts looked at. */
  readonly samples: number;
  readonly attempts: number;
  /** Newest attempt, ms since the epoch. */
  readonly measuredAt: number | null;
  /** Facts of the newest answer. */
  readonly facts: Readonly<Record<string, string>>;
}

/** Levels from here on prove the service itself (speaks the protocol); below, only the path to it. */
const PROVES_SERVICE: Level = 3;

/** A closed gate loses everything at once, and tells no figure. */
const GATE: Part = { metric: 'gate', value: null, unit: null, mark: 0, weight: 1, lost: 100 };

/** What there is to say of a provider that was never tried. */
export const UNTRIED: Score = Object.freeze<Score>({
  level: 0,
  score: null,
  low: null,
  high: null,
  confidence: null,
  reason: null,
  detail: null,
  unproven: false,
  parts: [],
  path: null,
  samples: 0,
  attempts: 0,
  measuredAt: null,
  facts: {},
});

/**
 * The score of one provider from its latest attempts, in any order; it reads nothing else, so who else is listed changes
 * nothing. `now` in ms since the epoch.
 */
export function scoreOf(
  type: Pick<ServiceType, 'metrics' | 'scoredFrom'>,
  attempts: readonly Attempt[],
  now: number,
): Score {
  const outcomes = outcomesOf(attempts, type.scoredFrom ?? 0);
  const successes = outcomes.filter(({ answer }) => answer !== null);
  const measuredAt = outcomes[0]?.attempt.at ?? null;
  const tried = { ...UNTRIED, samples: successes.length, attempts: attempts.length, measuredAt };
  const closed = closedBy(outcomes);
  if (closed) return { ...tried, ...closed, score: 0, low: 0, high: 0, parts: [GATE] };
  const latest = successes[0]?.answer;
  if (!latest) return UNTRIED;
  const answered = { ...tried, level: latest.level, facts: latest.facts, path: pathOf(outcomes) };
  if (type.scoredFrom === null) return { ...answered, reason: 'not-checked', parts: measured(outcomes) };
  const joined = join(type.metrics.map((metric) => weigh(metric, outcomes, now)));
  return { ...answered, ...joined, unproven: latest.level < PROVES_SERVICE };
}

/** Any type's samples by Serf ping, weighed or not: all services of a node share its path. */
function pathOf(outcomes: readonly Outcome[]): Path | null {
  const pings = outcomes.flatMap(({ answer }) => answer?.samples.filter(({ method }) => method === PATH_METHOD) ?? []);
  if (pings.length === 0) return null;
  const values = (wanted: string) => pings.filter(({ metric }) => metric === wanted).map(({ value }) => value);
  return { rtt: median(values('rtt')), jitter: median(values('jitter')), loss: mean(values('loss')) };
}

const ANY = { weight: 0, useless: 2, excellent: 1 };
const UNITS: ReadonlyMap<string, Metric['unit']> = new Map(
  [roundTripTime(ANY), answerTime(ANY), handshakeTime(ANY), loss(0), answers(0)].map(({ id, unit }) => [id, unit]),
);

/** What was measured of a provider whose type is not scored: worth showing, worth no points. */
function measured(outcomes: readonly Outcome[]): Part[] {
  const samples = outcomes.flatMap(({ answer }) => answer?.samples ?? []);
  return [...new Set(samples.map(({ metric }) => metric))].sort().map((metric) => ({
    metric,
    value: median(samples.filter((sample) => sample.metric === metric).map(({ value }) => value)),
    unit: UNITS.get(metric) ?? null,
    mark: null,
    weight: 0,
    lost: 0,
  }));
}
