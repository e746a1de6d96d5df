/** Steps 4, 5 and 7 of the score: the marks joined into one number, how sure it is, and where its points went. */
import type { Confidence, Part } from '../model/score.js';
import { flooredLog, logBounds } from './doubt.js';
import { type Mark, PRIOR_COUNT } from './mark.js';

/** Looks, prior included, below which the score is a guess. */
const FAIR_FROM = 2;
/**
 * A solid score has more looks than these at most of what it weighs, prior included, and they rest on more than one hour:
 * they are worth so many that have nothing to do with each other.
 */
const SOLID_ABOVE = 5;
const SOLID_NEWS = 1.5;
const MOST = 0.5;
/** Widest interval of a solid score, points: a wider one has looks of few metrics, or the provider comes and goes. */
const SOLID_WITHIN = 40;

interface Joined {
  /** 0..100, unrounded. */
  readonly score: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: Confidence;
  readonly parts: readonly Part[];
}

/**
 * The weighted geometric mean of the marks, times 100: a fast path does not make up for a service that fails. The
 * metrics' weights sum to 1.
 */
export function join(marks: readonly Mark[]): Joined {
  let sum = 0;
  let count = 0;
  let tested = 0;
  for (const { metric, mark, count: looks, news } of marks) {
    sum += metric.weight * flooredLog(mark);
    count += metric.weight * looks;
    if (looks > SOLID_ABOVE && news >= SOLID_NEWS) tested += metric.weight;
  }
  const score = 100 * Math.exp(sum);
  const { below, above } = logBounds(marks);
  // Equal but for the last bit of rounding where a mark lies on the floor.
  const low = Math.min(score, 100 * Math.exp(below));
  const high = Math.min(100, Math.max(score, 100 * Math.exp(above)));
  const isSolid = tested > MOST && high - low <= SOLID_WITHIN;
  return {
    score,
    low,
    high,
    confidence: count < FAIR_FROM ? 'guess' : isSolid ? 'solid' : 'fair',
    parts: marks.map((mark) => toPart(mark, (100 - score) / sum)),
  };
}

/**
 * A metric's share of the lost points is its share of the logarithm: shares add up exactly. Within it, what failed and
 * what is not known add up the same way.
 */
function toPart({ metric, mark, tally, count, ...share }: Mark, pointsPerLog: number): Part {
  const lost = pointsPerLog * metric.weight * flooredLog(mark);
  return {
    metric: metric.id,
    value: tally.value,
    unit: metric.unit,
    mark,
    weight: metric.weight,
    lost,
    failures: lost * share.failures,
    doubt: lost * share.doubt,
    count: tally.count,
    fresh: tally.looks === 0 ? 0 : (count - PRIOR_COUNT) / tally.looks,
  };
}
