/** Steps 4, 5 and 7 of the score: the marks joined into one number, how sure it is, and where its points went. */
import type { Confidence, Part } from '../model/score.js';
import { type Mark, PRIOR_COUNT } from './mark.js';

/** A mark of 0 in one metric must not make all others worthless. */
const FLOOR = 0.02;

/** Normal quantile of an 80 % interval. */
const Z = 1.28;

/** Samples, prior included: below the first the score is a guess, above the second it is solid. */
const FAIR_FROM = 2;
const SOLID_ABOVE = 5;
/**
 * Widest interval of a solid score, points. Five samples of every metric make it 36 wide around 90, and 42 around 80: a
 * wider one has samples of few metrics, or the provider comes and goes.
 */
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
  let sumLow = 0;
  let sumHigh = 0;
  let count = 0;
  for (const { metric, mark, count: samples } of marks) {
    const [low, high] = bounds(mark, samples);
    sum += metric.weight * flooredLog(mark);
    sumLow += metric.weight * flooredLog(low);
    sumHigh += metric.weight * flooredLog(high);
    count += metric.weight * samples;
  }
  const score = 100 * Math.exp(sum);
  // Equal but for the last bit of rounding where a mark lies on the floor.
  const low = Math.min(score, 100 * Math.exp(sumLow));
  const high = Math.min(100, Math.max(score, 100 * Math.exp(sumHigh)));
  const isSolid = count > SOLID_ABOVE && high - low <= SOLID_WITHIN;
  return {
    score,
    low,
    high,
    confidence: count < FAIR_FROM ? 'guess' : isSolid ? 'solid' : 'fair',
    parts: marks.map((mark) => toPart(mark, (100 - score) / sum)),
  };
}

const flooredLog = (mark: number) => Math.log(Math.max(mark, FLOOR));

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
    fresh: tally.count === 0 ? 0 : (count - PRIOR_COUNT) / tally.count,
  };
}

/**
 * Wilson's interval, taken for a mean of any values between 0 and 1: none of these varies more than a yes-or-no with
 * the same mean. E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (JASA, 1927).
 */
function bounds(mark: number, count: number): [low: number, high: number] {
  const spread = (Z * Z) / count;
  const middle = mark + spread / 2;
  const half = Math.sqrt(spread * mark * (1 - mark) + (spread * spread) / 4);
  return [(middle - half) / (1 + spread), (middle + half) / (1 + spread)];
}
