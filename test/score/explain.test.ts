/** Why a score is not 100: sentences as plain data, whose points come out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { answers, widthOfPath } from '../../plugin/model/metric.js';
import { explain } from '../../plugin/score/explain.js';
import { toScore, UNTRIED } from '../../plugin/score/index.js';
import { answered, failed, HOUR, history, NOW, someStars, TYPE, UNSCORED_TYPE } from './made.js';

const FAST = { answer: 5, rtt: 5, loss: 0 };
const of = (attempts: readonly Attempt[]) => explain(toScore(TYPE, attempts, NOW));
const many = (make: (age: number, nth: number) => Attempt) =>
  Array.from({ length: 40 }, (_, nth) => make(nth * 60_000, nth));
const total = (points: readonly number[]) => points.reduce((sum, one) => sum + one, 0);

describe('the explanation of a score', () => {
  it('sums to 100 − score, exactly and in whole points, the greatest loss first', () => {
    fc.assert(
      fc.property(history, fc.option(someStars), (attempts, stars) => {
        const score = toScore(TYPE, attempts, NOW, stars ?? []);
        const sentences = explain(score);
        const points = sentences.map((one) => one.points);
        expect(total(points)).toBeCloseTo(100 - Number(score.score), 6);
        expect(total(sentences.map(({ whole }) => whole))).toBe(100 - Math.round(Number(score.score)));
        expect(points).toEqual([...points].sort((a, b) => b - a));
        const apart = sentences.map(({ points, whole }) => whole - points);
        // What is rounded up had a larger fraction than what is rounded down.
        expect(Math.max(0, ...apart) + Math.max(0, ...apart.map((by) => -by))).toBeLessThanOrEqual(1 + 1e-6);
      }),
      { numRuns: 1000 },
    );
  });

  it('splits what each metric lost into what was measured, what failed and what is not known', () => {
    fc.assert(
      fc.property(history, (attempts) => {
        for (const { lost, failures, doubt } of toScore(TYPE, attempts, NOW).parts) {
          expect(Math.min(failures, doubt)).toBeGreaterThanOrEqual(0);
          expect(lost - failures - doubt).toBeGreaterThanOrEqual(-1e-9);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('says slow of what is slow, with its figure', () => {
    const [first] = of(many((age) => answered(age, { ...FAST, answer: 300 })));
    expect(first).toMatchObject({ key: 'slow', metric: 'answer', value: 300, unit: 'ms' });
    const words = of(many((age) => answered(age, { ...FAST, loss: 0.05 }))).map(({ key }) => key);
    expect(words[0]).toBe('lossy');
  });

  it('says slow of a narrow path, by the kilobyte', () => {
    const narrow = many((age) => answered(age, { width: 20 }));
    const metrics = [widthOfPath({ weight: 0.5, useless: 30, excellent: 0.1 }), answers(0.5)];
    const [first] = explain(toScore({ scoredFrom: 3, metrics }, narrow, NOW));
    expect(first).toMatchObject({ key: 'slow', metric: 'width', value: 20, unit: 'ms/kB' });
  });

  it('does not call slow what is fast while it answers: its failures cost it points in every metric', () => {
    const sentences = of(many((age, nth) => (nth % 2 === 0 ? answered(age, FAST) : failed(age))));
    expect(sentences[0]).toMatchObject({ key: 'fails', metric: null, value: 0.5, unit: 'share' });
    expect(sentences.filter(({ key }) => key === 'slow')).toEqual([]);
  });

  it('says that there are few measurements when nothing else is wrong', () => {
    expect(of([answered(0, FAST), answered(HOUR, FAST)])).toEqual([
      expect.objectContaining({ key: 'few', value: 2, unit: 'attempts' }),
    ]);
  });

  it('counts those of the metric that is least sure', () => {
    const attempts = many((age, nth) => answered(age, nth === 3 ? FAST : { answer: 5, loss: 0 })).slice(0, 10);
    expect(of(attempts).find(({ key }) => key === 'few')).toMatchObject({ value: 1, metric: 'rtt' });
  });

  it('says that they are old when there were enough', () => {
    const old = many((age) => answered(age + 15 * 24 * HOUR, FAST));
    expect(of(old)[0]).toMatchObject({ key: 'old', value: NOW - 15 * 24 * HOUR, unit: 'time' });
  });

  it('names the metric of which nothing is known', () => {
    const sentences = of(many((age) => answered(age, { answer: 5, loss: 0 })));
    expect(sentences[0]).toMatchObject({ key: 'unmeasured', metric: 'rtt', value: null });
  });

  it('says that this node was too busy when an answer has no time', () => {
    const sentences = of(many((age) => answered(age, { rtt: 5, loss: 0 })));
    expect(sentences[0]).toMatchObject({ key: 'untimed', metric: 'answer', value: null });
  });

  it('tells what the stars took, and last what they added', () => {
    const rated = (stars: number) => explain(toScore(TYPE, [answered(0, FAST)], NOW, [{ at: NOW, stars }]));
    expect(rated(5).at(-1)).toMatchObject({ key: 'rating', value: 5, unit: 'stars' });
    expect(rated(5).at(-1)?.points).toBeLessThan(-3);
    expect(rated(1).find(({ key }) => key === 'rating')?.points).toBeGreaterThan(5);
    expect(rated(3).map(({ key }) => key)).not.toContain('rating');
  });

  it('is the gate when that is closed, and empty without a score', () => {
    expect(of([failed(0)])).toEqual([{ key: 'gate', metric: null, points: 100, whole: 100, value: null, unit: null }]);
    expect(explain(UNTRIED)).toEqual([]);
    expect(explain(toScore(UNSCORED_TYPE, [answered(0, { rtt: 5 }, 2)], NOW))).toEqual([]);
  });
});
