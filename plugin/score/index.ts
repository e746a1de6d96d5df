/** The score: pure, without input or output and without a clock. Attempts in, a number with its reasons out. */

import type { Attempt } from '../model/attempt.js';
import { PROVEN } from '../model/level.js';
import { answers, answerTime, handshakeTime, loss, type Metric, roundTripTime } from '../model/metric.js';
import type { Part, Score } from '../model/score.js';
import { type Digest, type Scored, toDigest } from './digest.js';
import { join } from './join.js';
import { type Tally, toMark } from './mark.js';
import { type Stars, toRating } from './rating.js';

export { type Digest, toDigest };

/** Of what is shown without points. */
const POINTLESS = { mark: null, weight: 0, lost: 0, failures: 0, doubt: 0, fresh: 0 } as const;

/** A closed gate loses everything at once, and tells no figure. */
export const GATE: Part = {
  ...POINTLESS,
  metric: 'gate',
  value: null,
  unit: null,
  mark: 0,
  weight: 1,
  lost: 100,
  failures: 100,
  count: 0,
};

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
  rating: null,
  path: null,
  worse: null,
  samples: 0,
  attempts: 0,
  failures: 0,
  measuredAt: null,
  facts: {},
});

/**
 * The score of one provider from its latest attempts, in any order, and the owner's stars; it reads nothing else, so who
 * else is listed changes nothing. `now` in ms since the epoch.
 */
export function toScore(type: Scored, attempts: readonly Attempt[], now: number, stars?: readonly Stars[]): Score {
  return scoreAt(type, toDigest(type, attempts, now), now, stars);
}

/** The score at `now` (ms since the epoch) from the digest of the provider's attempts: what is old counts less by then. */
export function scoreAt(type: Scored, digest: Digest, now: number, stars: readonly Stars[] = []): Score {
  const { at, closed, tallies, attempts, samples, failures, measuredAt, level, facts, path, worse } = digest;
  const opinion = toRating(stars, now);
  const rating = opinion && { count: opinion.count, mean: opinion.mean, points: 0 };
  const tried = { ...UNTRIED, attempts, samples, failures, measuredAt, level, facts, path, worse, rating };
  if (closed) return { ...tried, ...closed, score: 0, low: 0, high: 0, parts: [GATE] };
  if (measuredAt === null) return tried;
  if (type.scoredFrom === null) return { ...tried, reason: 'not-checked', parts: tallies.map(shown) };
  const marks = type.metrics.flatMap((metric, index) => {
    const tally = tallies[index];
    return tally ? toMark(metric, tally, now - at) : [];
  });
  const joined = join(marks);
  const scored = { ...tried, ...joined, unproven: level < PROVEN };
  return opinion ? rated(scored, joined, opinion) : scored;
}

/** Rated by the owner: the whole interval moves by the factor of the stars, never past 100. */
function rated(
  scored: Score,
  { score, low, high }: { readonly score: number; readonly low: number; readonly high: number },
  { count, mean, factor }: { readonly count: number; readonly mean: number; readonly factor: number },
): Score {
  const moved = (points: number) => Math.min(100, points * factor);
  const rating = { count, mean, points: moved(score) - score };
  return { ...scored, score: moved(score), low: moved(low), high: moved(high), rating };
}

const ANY = { weight: 0, useless: 2, excellent: 1 };
/** Units of what the probes of types that are not scored measure. */
const UNITS: ReadonlyMap<string, Metric['unit']> = new Map(
  [roundTripTime(ANY), answerTime(ANY), handshakeTime(ANY), loss(0), answers(0)].map(({ id, unit }) => [id, unit]),
);

const shown = ({ metric, value, count }: Tally): Part => ({
  ...POINTLESS,
  metric,
  value,
  unit: UNITS.get(metric) ?? null,
  count,
});
