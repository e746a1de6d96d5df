/** Step 9 of the score: the recommendation, which stays put while the list follows every small change. */

import type { Ranked } from '../model/ranked.js';
import type { Recommendation } from '../store/tables/recommendations.js';
import { DELTA, isRecommendable, nearEquals, pickByNode } from './equals.js';

/**
 * Whether what was measured may move the recommendation: one background probe of another provider neither confirms nor
 * refutes a challenger. `measured` by provider id.
 */
export const concerns = (previous: Recommendation | null, measured: readonly string[]): boolean =>
  previous === null ||
  measured.length !== 1 ||
  measured.some((id) => id === previous.provider || id === previous.challenger);

/**
 * The recommendation after one more scan. `rows` in ranked order; `seed` is this node's own.
 * It changes at once when the provider failed, is gone, was hidden, or is confirmed by no source any more; and when one
 * that led it by `DELTA` points at the end of the last scan still does. Near-equals are spread over the nodes by `seed`,
 * but only when a choice is due: being as good is no reason to change. While nobody may be recommended, the previous one is
 * kept for its return (the list does not show it until then); null before the first one.
 */
export function recommend(
  rows: readonly Ranked[],
  previous: Recommendation | null,
  seed: string,
): Recommendation | null {
  const equals = nearEquals(rows);
  const chosen = pickByNode(equals, seed);
  if (!chosen) return previous;
  const current = rows.find((row) => row.provider.id === previous?.provider && isRecommendable(row));
  if (!current) return { provider: chosen.provider.id, challenger: null };
  const leads = (row: Ranked) => Number(row.score) - Number(current.score) >= DELTA;
  const next = pickByNode(equals.filter(leads), seed);
  if (!next) return { provider: current.provider.id, challenger: null };
  const again = rows.some((row) => row.provider.id === previous?.challenger && isRecommendable(row) && leads(row));
  return again
    ? { provider: next.provider.id, challenger: null }
    : { provider: current.provider.id, challenger: next.provider.id };
}
