/** Attempts made within a minute are one look: they tell of one moment, however many there are. */
import type { Outcome } from './outcome.js';

/** Longest time between the first and the last attempt of one look, ms. */
const LOOK_MS = 60_000;

/**
 * The outcomes, newest first, as looks, newest first. Counted from the oldest, so that a new attempt never divides the
 * looks before it anew.
 */
export function toLooks(outcomes: readonly Outcome[]): Outcome[][] {
  const looks: Outcome[][] = [];
  let first = Number.NEGATIVE_INFINITY;
  for (const outcome of outcomes.toReversed()) {
    const { at } = outcome.attempt;
    if (at - first < LOOK_MS) looks[0]?.unshift(outcome);
    else {
      looks.unshift([outcome]);
      first = at;
    }
  }
  return looks;
}
