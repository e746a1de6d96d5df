/** The owner's own stars: what they add to the score, and what they cannot do. */
import { describe, expect, it } from 'vitest';
import { toScore } from '../../plugin/score/index.js';
import { toRating } from '../../plugin/score/rating.js';
import { answered, failed, HOUR, NOW, TYPE, UNSCORED_TYPE } from './made.js';

const DAY = 24 * HOUR;
const GOOD = [answered(0, { answer: 10, rtt: 8, loss: 0 })];
const plain = Number(toScore(TYPE, GOOD, NOW).score);
const rated = (...stars: number[]) =>
  toScore(
    TYPE,
    GOOD,
    NOW,
    stars.map((stars, nth) => ({ at: NOW - nth * DAY, stars })),
  );

describe('own stars', () => {
  it('multiply a score, and are reported with their count and mean', () => {
    const { score, rating } = rated(5, 4);
    expect(rating).toEqual({ count: 2, mean: 4.5, points: expect.closeTo(Number(score) - plain, 9) });
    expect(Number(score)).toBeGreaterThan(plain);
    // 3 of weight in the middle of the prior's 1: (0.5 + 3) / 4 and (0.5 + 0) / 4 against 0.5.
    expect(Number(rated(5).score) / plain).toBeCloseTo(1.75 ** 0.1, 12);
    expect(Number(rated(1).score) / plain).toBeCloseTo(0.25 ** 0.4, 12);
  });

  it('of one bad use weigh enough that the next best by far is preferred', () => {
    const slower = Number(toScore(TYPE, [answered(0, { answer: 60, rtt: 40, loss: 0 })], NOW).score);
    expect(slower).toBeLessThan(plain - 10);
    expect(Number(rated(1).score)).toBeLessThan(slower - 4);
  });

  it('change nothing for an unrated provider, or one rated in the middle', () => {
    expect(toScore(TYPE, GOOD, NOW, []).rating).toBeNull();
    expect(toScore(TYPE, GOOD, NOW, [])).toEqual(toScore(TYPE, GOOD, NOW));
    expect(rated(3).score).toBeCloseTo(plain, 12);
  });

  it('move the whole interval, and never past 100', () => {
    const { low, high, score } = rated(1);
    const without = toScore(TYPE, GOOD, NOW);
    expect(Number(low) / Number(without.low)).toBeCloseTo(Number(score) / plain, 12);
    expect(Number(high) / Number(without.high)).toBeCloseTo(Number(score) / plain, 12);
    const perfect = Array.from({ length: 40 }, (_, nth) => answered(nth * HOUR, { answer: 1, rtt: 1, loss: 0 }));
    const added = expect.closeTo(100 - Number(toScore(TYPE, perfect, NOW).score), 9);
    const best = toScore(TYPE, perfect, NOW, [{ at: NOW, stars: 5 }]);
    expect(best).toMatchObject({ score: 100, high: 100, rating: { points: added } });
  });

  it('never take more than 47.5 %, however many ratings of one star there are', () => {
    expect(Number(rated(...Array(10).fill(1)).score) / plain).toBeCloseTo(0.2 ** 0.4, 12);
  });

  it('lose half of their weight in 180 days', () => {
    const one = (at: number) => toRating([{ at, stars: 5 }], NOW)?.factor;
    expect(one(NOW - 180 * DAY)).toBeCloseTo((2 / 2.5 / 0.5) ** 0.1, 12);
    expect(one(NOW + DAY)).toBe(one(NOW));
  });

  it('count once a day, the newest', () => {
    const noon = { at: NOW, stars: 5 };
    const morning = { at: NOW - 3 * HOUR, stars: 1 };
    const yesterday = { at: NOW - 13 * HOUR, stars: 2 };
    expect(toRating([morning, yesterday, noon], NOW)).toMatchObject({ count: 2, mean: 3.5 });
    expect(toRating([morning, yesterday, noon], NOW)).toEqual(toRating([noon, yesterday], NOW));
  });

  it('neither open a gate nor score what has no score, but are reported', () => {
    const five = [{ at: NOW, stars: 5 }];
    const rating = { count: 1, mean: 5, points: 0 };
    expect(toScore(TYPE, [failed(0)], NOW, five)).toMatchObject({ score: 0, high: 0, reason: 'timeout', rating });
    expect(toScore(UNSCORED_TYPE, [answered(0, { rtt: 5 }, 2)], NOW, five)).toMatchObject({ score: null, rating });
    expect(toScore(TYPE, [], NOW, five)).toMatchObject({ score: null, measuredAt: null, rating });
  });
});
