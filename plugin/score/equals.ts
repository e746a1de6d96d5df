/** Which providers may be recommended, which are as good as the best, and which of these this node picks. */
import { hash } from 'node:crypto';
import { HOUR_MS } from '../lib/time.js';
import { isFull } from '../model/declared.js';
import { PROVEN } from '../model/level.js';
import { ANSWERS } from '../model/metric.js';
import type { Ranked } from '../model/ranked.js';
import type { Part } from '../model/score.js';

/** Points by which a challenger must lead. */
export const DELTA = 2;
/** Points within which two scores may be equal: less than they move from one day to the next. */
const NEAR = 2;
/** How much longer the typical times of an equal may be: nobody feels a tenth. */
const LONGER = 1.1;
/** Differences of less than this are felt by nobody, by unit. */
const UNFELT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['ms/kB', 0.01],
]);

/** A provider that has been so many times slower than usual for so long, ms, is hardly in a busy hour only. */
const SLOWED = 3;
const SLOWED_MS = 3 * HOUR_MS;
/** What that costs it when it comes to the recommendation, points: about what its score loses once it is usual. */
const SLOWED_POINTS = 10;

/** What decides whether a row may be recommended. */
type Candidate = Pick<
  Ranked,
  'provider' | 'score' | 'high' | 'level' | 'hidden' | 'reserve' | 'worse' | 'measuredAt'
> & {
  readonly parts?: readonly Part[];
};

/** Whether it is so much slower than usual that the score, which follows what is usual, would tell too late. */
export const isSlowed = ({ worse, measuredAt }: Candidate) =>
  worse !== null && worse.today >= SLOWED * worse.usual && Number(measuredAt) - worse.since >= SLOWED_MS;

/** The points that count when it comes to the recommendation. */
export const standing = (row: Candidate) => Number(row.score) - (isSlowed(row) ? SLOWED_POINTS : 0);

/** Works, is a neighbour's, is confirmed, takes newcomers as far as it says, and was not hidden by the owner. */
export const isRecommendable = ({ provider, score, hidden }: Candidate) =>
  Number(score) > 0 && !provider.self && !provider.stale && !hidden && !isFull(provider);

/**
 * Those of the rows to choose the recommendation from, in their order: all that may be recommended, but those in reserve
 * only while there is no other.
 */
export function toCandidates<Row extends Candidate>(rows: readonly Row[]): readonly Row[] {
  const all = rows.filter(isRecommendable);
  const ordinary = all.filter(({ reserve }) => !reserve);
  return ordinary.length > 0 ? ordinary : all;
}

/** Whether a probe has spoken with the service itself. */
export const isProven = ({ level }: Pick<Candidate, 'level'>): boolean => level >= PROVEN;

/**
 * Those of the rows that may be recommended and are as good as the best of them, which comes first, as they stand:
 * less than `NEAR` points behind, with typical times at most a tenth longer, and what is known of them does not rule out
 * that they are as good. Points alone would mean another difference in every type, and none where a curve has ended. The
 * width of the interval never makes equals by itself, or else nobody would be better than a provider hardly measured.
 * What is proven to work goes before what only answers: among equals, and where of the best nothing but its answers is
 * known, so that its points say how often it was tried.
 */
export function nearEquals<Row extends Candidate>(rows: readonly Row[]): Row[] {
  const fit = toCandidates(rows).toSorted((a, b) => standing(b) - standing(a));
  const equals = toEquals(fit);
  const [best] = equals;
  const proven = equals.filter(isProven);
  if (!best || proven.length > 0 || !isUnmeasured(best)) return proven.length > 0 ? proven : equals;
  const others = toEquals(fit.filter(isProven));
  return Number(others[0]?.high ?? 0) >= standing(best) ? others : equals;
}

/** @param fit the best first */
function toEquals<Row extends Candidate>(fit: readonly Row[]): Row[] {
  const [best] = fit;
  if (!best) return [];
  const points = standing(best);
  return fit.filter((row) => points - standing(row) < NEAR && Number(row.high) >= points && isAsQuick(row, best));
}

/** Whether nothing of it has a figure but how often it answers. */
const isUnmeasured = ({ parts = [] }: Candidate) =>
  parts.every(({ metric, value }) => metric === ANSWERS || value === null);

/** By the medians of each time that both have. */
function isAsQuick({ parts = [] }: Candidate, best: Candidate): boolean {
  return parts.every(({ metric, value, unit }) => {
    const other = best.parts?.find((part) => part.metric === metric)?.value ?? null;
    const unfelt = UNFELT.get(unit ?? '');
    return (
      value === null || other === null || unfelt === undefined || value <= Math.max(LONGER * other, other + unfelt)
    );
  });
}

/**
 * One of the rows, by rendezvous hashing: every node prefers another, so that the users of equals spread over them, and a
 * provider that comes or goes moves only its own users. D. G. Thaler and C. V. Ravishankar, "Using name-based mappings to
 * increase hit rates" (IEEE/ACM Transactions on Networking, 1998).
 */
export function pickByNode<Row extends Candidate>(rows: readonly Row[], seed: string): Row | undefined {
  let chosen: { readonly row: Row; readonly key: string } | undefined;
  for (const row of rows) {
    const key = hash('sha256', `${seed}|${row.provider.id}`);
    if (chosen === undefined || key > chosen.key) chosen = { row, key };
  }
  return chosen?.row;
}
