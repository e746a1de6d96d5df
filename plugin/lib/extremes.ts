/**
 * The largest and the smallest of a list. `Math.max(...list)` makes each entry an argument of one call, and throws where
 * they are too many for the stack: no list is spread into a call unless its length is written in the program.
 */

/** @param least what it is at least; of an empty list, what it is */
export function largest(values: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let most = least;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** @param most what it is at most; of an empty list, what it is */
export function smallest(values: Iterable<number>, most = Number.POSITIVE_INFINITY): number {
  let least = most;
  for (const value of values) least = Math.min(least, value);
  return least;
}
