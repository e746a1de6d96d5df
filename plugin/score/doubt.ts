/** Step 5 of the score: between which scores the next day's will most likely lie. */
import { type Mark, PRIOR_COUNT, PRIOR_MARK } from './mark.js';

/** Normal quantile of an 80 % interval. */
const Z = 1.28;

/**
 * Fitted so that the next day's scores lie within the interval as often as it says, whatever the number and spacing of the
 * looks, in simulated communities and on real round-trip times (`test/bench/choosing/calibrate.ts`).
 */
export const CALIBRATION = {
  /** A metric's variance before any was seen, as a share of the greatest that a mean allows; it counts as so many looks. */
  assumed: 0.04,
  assumedCount: 10,
  /** What no number of looks tells of tomorrow, as a share of what one look leaves open. */
  drift: 0.07,
  /** How far the metrics err in the same direction, 0..1: one load slows several of them. */
  together: 0.2,
};

/** Of marks of which nothing whatever is known, four in five lie above this. */
const UNKNOWN_LOW = 0.2;

/** A mark of 0 in one metric must not make all others worthless. */
const FLOOR = 0.02;
export const flooredLog = (mark: number) => Math.log(Math.max(mark, FLOOR));

/** One end of the interval, in logarithms: where it would be if all were certain, and what each metric adds. */
interface End {
  readonly base: number;
  readonly steps: readonly number[];
}

/**
 * Logarithms of the ends of the interval, as shares of 100 points. The prior may lower the lower end and lift the upper
 * one, and never the other way round: what was perfect so far may be so tomorrow. Errors of metrics add up like
 * independent ones, but for the share that they have together.
 */
export function logBounds(
  marks: readonly Mark[],
  calibration = CALIBRATION,
): { readonly below: number; readonly above: number } {
  const ends = marks.map((known) => {
    const { weight } = known.metric;
    const { mean, low, high } = bounds(known, calibration);
    const log = (mark: number) => weight * flooredLog(mark);
    return {
      below: { base: log(Math.min(mean, known.mark)), step: log(mean) - log(low) },
      above: { base: log(Math.max(mean, known.mark)), step: log(high) - log(mean) },
    };
  });
  const side = (of: 'below' | 'above'): End => ({
    base: ends.reduce((sum, end) => sum + end[of].base, 0),
    steps: ends.map((end) => end[of].step),
  });
  const [below, above] = [side('below'), side('above')];
  return {
    below: below.base - joinSteps(below, calibration.together),
    above: above.base + joinSteps(above, calibration.together),
  };
}

function joinSteps({ steps }: End, together: number): number {
  const sum = steps.reduce((all, step) => all + step, 0);
  const squares = steps.reduce((all, step) => all + step * step, 0);
  return Math.sqrt(together * sum * sum + (1 - together) * squares);
}

/**
 * Mean mark of what was measured, and between what the next day's will be: by the spread that was seen, and an assumed one
 * as long as little was. Only `news` changes with age, so that the bounds never narrow by themselves.
 */
function bounds({ tally, news }: Mark, { assumed, assumedCount, drift }: typeof CALIBRATION) {
  const { answered, failed, marks, squares, news: told } = tally;
  const weight = answered + failed;
  if (weight === 0) return { mean: PRIOR_MARK, low: UNKNOWN_LOW, high: 1 };
  const mean = marks / weight;
  const expected = (marks + PRIOR_COUNT * PRIOR_MARK) / (weight + PRIOR_COUNT);
  const greatest = expected * (1 - expected);
  const seen = Math.max(0, squares / weight - mean * mean);
  const variance = Math.min(greatest, (assumedCount * assumed * greatest + told * seen) / (assumedCount + told));
  return { mean, ...wilson(mean, ((greatest / variance) * news) / (1 + drift * news)) };
}

/**
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (JASA, 1927): never beyond 0 and 1.
 * @param count how many yes-or-no answers would leave as much open; 0 leaves everything open
 */
function wilson(mean: number, count: number): { readonly low: number; readonly high: number } {
  const spread = (Z * Z) / count;
  if (!Number.isFinite(spread)) return { low: 0, high: 1 };
  const middle = mean + spread / 2;
  const half = Math.sqrt(spread * mean * (1 - mean) + (spread * spread) / 4);
  return { low: Math.max(0, (middle - half) / (1 + spread)), high: Math.min(1, (middle + half) / (1 + spread)) };
}
