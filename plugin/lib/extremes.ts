/**
 * The largest and smallest value of a list. `Math.max(...list)` passes each value as an argument and throws where they
 * overflow the stack: a list is spread into a call only where the program fixes its length.
 */

/** @param least lower bound, and the result for an empty list */
export function largest(values: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let most = least;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** @param most upper bound, and the result for an empty list */
export function smallest(values: Iterable<number>, most = Number.POSITIVE_INFINITY): number {
  let least = most;
  for (const value of values) least = Math.min(least, value);
  return least;
}
