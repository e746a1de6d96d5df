/** The largest and the smallest of a list, however long. */
import { expect, it } from 'vitest';
import { largest, smallest } from '../../plugin/lib/extremes.js';

it('finds both extremes in a list that is too long to spread into a call', () => {
  const long = Array.from({ length: 1_000_000 }, (_, index) => (index * 7_919) % 1_000_000);
  expect(() => Math.max(...long)).toThrow(RangeError);
  expect([largest(long), smallest(long)]).toEqual([999_999, 0]);
});

it('returns the bound where no value is beyond it', () => {
  expect([largest([1, 2], 5), smallest([7, 9], 5), largest([]), smallest([])]).toEqual([5, 5, -Infinity, Infinity]);
});
