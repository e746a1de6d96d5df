/** Worse than its habit: seen where it lasts and is felt, and not where a provider is merely unsteady. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { toDigest } from '../../plugin/score/index.js';
import { answered, failed, HOUR, NOW, TYPE } from './made.js';

/** Times of looks three hours apart, the newest first. */
const history = (times: readonly number[]): Attempt[] =>
  times.map((answer, nth) => answered(nth * 3 * HOUR, { answer, rtt: 8, loss: 0 }));
const worse = (times: readonly number[]) => toDigest(TYPE, history(times)).worse;
const STEADY = [20, 22, 18, 25, 21, 19, 20, 23];

describe('worse than usual', () => {
  it('is a provider whose last two looks took more than twice as long as ever', () => {
    expect(worse([100, 90, ...STEADY])).toEqual({ metric: 'answer', since: NOW - 3 * HOUR, today: 95, usual: 20.5 });
  });

  it('lasts as long as it is so, and is over with the first usual look', () => {
    expect(worse([100, 90, 110, 95, 105, ...STEADY])).toMatchObject({ since: NOW - 12 * HOUR, usual: 20.5 });
    expect(worse([21, 90, 110, 95, 105, ...STEADY])).toBeNull();
  });

  it('is not said of one slow look, of an unsteady provider, of a better one, or without a habit', () => {
    expect(worse([100, ...STEADY])).toBeNull();
    expect(worse([90, 80, 20, 85, 15, 90, 25, 70, 12, 95])).toBeNull();
    expect(worse([5, 6, ...STEADY])).toBeNull();
    expect(worse([100, 90, 20, 22])).toBeNull();
  });

  it('is not said of what nobody feels, nor of failures, which have their own words', () => {
    expect(worse([0.9, 0.8, 0.2, 0.3, 0.2, 0.3, 0.2, 0.3])).toBeNull();
    expect(toDigest(TYPE, [failed(-HOUR), ...history(STEADY)]).worse).toBeNull();
  });

  it('is hardly ever said of chance', () => {
    const times = fc.array(fc.double({ min: 15, max: 40, noNaN: true }), { minLength: 8, maxLength: 40 });
    fc.assert(fc.property(times, (list) => worse(list) === null || Number(worse(list)?.usual) < 24));
  });
});

describe('what was measured before a change', () => {
  const attempts = history([100, 90, ...STEADY]);
  const points = (changedAt?: number) => {
    const { tallies } = toDigest(TYPE, attempts, NOW, changedAt);
    return Number(tallies[0]?.marks) / Number(tallies[0]?.answered);
  };

  it('counts a fifth, except that it answered', () => {
    expect(points(NOW - 4 * HOUR)).toBeLessThan(points());
    const [plain, changed] = [undefined, NOW].map((at) => toDigest(TYPE, attempts, NOW + HOUR, at).tallies);
    expect(Number(changed?.[0]?.answered)).toBeLessThan(0.35 * Number(plain?.[0]?.answered));
    expect(changed?.[3]?.answered).toBe(plain?.[3]?.answered);
  });
});
