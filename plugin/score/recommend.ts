/** Step 9 of the score: the recommendation, which stays put while the list follows every small change. */

import { HOUR_MS } from '../lib/time.js';
import type { Ranked } from '../model/ranked.js';
import type { Recommendation } from '../store/tables/recommendations.js';
import { DELTA, isProven, isSlowed, nearEquals, pickByNode, standing, toCandidates } from './equals.js';

/** A lead must last until its points times its hours come to this: what staying has cost by then, whatever the lead. */
const POINT_HOURS = 24;

/** So long after a change that something else told of, ms, what is measured of a provider is believed at once. */
const SHAKEN_MS = 12 * HOUR_MS;

export interface Occasion {
  /** This node's own. */
  readonly seed: string;
  /** ms since the epoch. */
  readonly now: number;
  /** When something else than a probe told of a change at the recommended provider, ms since the epoch. */
  readonly changedAt?: number | undefined;
}

/**
 * The recommendation after one more scan or probe. `rows` in ranked order.
 * It changes at once when the provider failed, is gone, was hidden, is in reserve while another may be recommended, or is
 * confirmed by no source any more; and when another has led it by `DELTA` points for long enough, or in two scans in a row
 * where the owner found it bad, it has moved, or it is much slower than usual. One that only answers also gives way at
 * once to a proven one that is as good.
 * Near-equals are spread over the nodes by the seed, but only when a choice is due: being as good is no reason to change.
 * While nobody may be recommended, the previous one is kept for its return (the list does not show it until then); null
 * before the first one.
 */
export function recommend(
  rows: readonly Ranked[],
  previous: Recommendation | null,
  { seed, now, changedAt }: Occasion,
): Recommendation | null {
  const equals = nearEquals(rows);
  const chosen = pickByNode(equals, seed);
  if (!chosen) return previous;
  const candidates = toCandidates(rows);
  const current = candidates.find((row) => row.provider.id === previous?.provider);
  if (!current || (isProven(chosen) && !isProven(current))) return { provider: chosen.provider.id, challenger: null };
  const lead = (row: Ranked) => standing(row) - standing(current);
  const next = pickByNode(
    equals.filter((row) => lead(row) >= DELTA),
    seed,
  );
  if (!next) return { provider: current.provider.id, challenger: null };
  const rival = candidates.find((row) => row.provider.id === previous?.challenger);
  const isStillLed = rival !== undefined && lead(rival) >= DELTA;
  // From a clock that has been set back since, it counts from now.
  const leadsSince = isStillLed ? Math.min(previous?.leadsSince ?? now, now) : now;
  const isMoved = now - (changedAt ?? Number.NEGATIVE_INFINITY) < SHAKEN_MS;
  const isShaken = isMoved || isSlowed(current) || Number(current.rating?.points) < 0;
  const isLongEnough = isShaken || lead(next) * (now - leadsSince) >= POINT_HOURS * HOUR_MS;
  return isStillLed && isLongEnough
    ? { provider: next.provider.id, challenger: null }
    : { provider: current.provider.id, challenger: next.provider.id, leadsSince };
}
