/**
 * The owner's own stars, joined to the score as a factor. As one more metric they would cost every unrated provider
 * points; as a factor they leave those alone, and stars can neither save what fails nor ruin what serves.
 */

import { DAY_MS, dayOf } from '../lib/time.js';

/** One rating. */
export interface Stars {
  /** ms since the epoch. */
  readonly at: number;
  /** 1..5. */
  readonly stars: number;
}

const HALF_LIFE = 180 * DAY_MS;
/**
 * Exponents of the factor. Praise weighs as a metric would. Who used it and found it bad knows what no probe can see: one
 * such rating takes more points than separate neighbours, so that a provider that only answers probes well is left.
 */
const PRAISE = 0.1;
const BLAME = 0.4;
/** One star or five say more than one measurement; before any there is one imaginary rating in the middle. */
const STARS_COUNT = 3;
const PRIOR_COUNT = 1;
const PRIOR_MARK = 0.5;
/** However many ratings of one star take no more than this mark does, 47.5 % of the score; five stars add at most 7.2 %. */
const FLOOR = 0.1;

/** What the ratings, in any order, do at `now` (ms since the epoch); null where there are none. */
export function toRating(
  stars: readonly Stars[],
  now: number,
): { readonly count: number; readonly mean: number; readonly factor: number } | null {
  const counting = newestOfEachDay(stars);
  if (counting.length === 0) return null;
  let marks = PRIOR_COUNT * PRIOR_MARK;
  let weights = PRIOR_COUNT;
  let sum = 0;
  for (const { at, stars } of counting) {
    const weight = STARS_COUNT * 2 ** (-Math.max(0, now - at) / HALF_LIFE);
    marks += (weight * (stars - 1)) / 4;
    weights += weight;
    sum += stars;
  }
  const mark = Math.max(marks / weights, FLOOR) / PRIOR_MARK;
  const factor = mark ** (mark < 1 ? BLAME : PRAISE);
  return { count: counting.length, mean: sum / counting.length, factor };
}

/** A change of mind on the same day (UTC) replaces the rating. */
function newestOfEachDay(stars: readonly Stars[]): Stars[] {
  const newestFirst = [...stars].sort((a, b) => b.at - a.at || a.stars - b.stars);
  return newestFirst.filter(({ at }, index) => {
    const newer = newestFirst[index - 1];
    return newer === undefined || dayOf(at) !== dayOf(newer.at);
  });
}
