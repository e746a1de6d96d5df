/** The middle half: what it leaves out, and that it never turns better into worse. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMiddle, toPlain } from '../../plugin/score/middle.js';

const even = (...marks: number[]) => marks.map((mark) => ({ mark, weight: 1 }));
const someMarks = fc.array(
  fc.record({
    mark: fc.double({ min: 0, max: 1, noNaN: true }),
    weight: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('the middle half of the marks', () => {
  it('leaves out the best and the worst quarter of the weight', () => {
    expect(toMiddle(even(0, 0.4, 0.6, 1)).mean).toBeCloseTo(0.5, 12);
    expect(toMiddle(even(0, 0.8, 0.8, 0.8, 0.8)).mean).toBeCloseTo(0.8, 12);
    // Of three, three quarters of the outer two.
    expect(toMiddle(even(0, 0.6, 0.9)).mean).toBeCloseTo((0.25 * 0 + 0.6 + 0.25 * 0.9) / 1.5, 12);
    const old = [
      { mark: 0, weight: 0.1 },
      { mark: 0.8, weight: 0.9 },
    ];
    expect(toMiddle(old).mean).toBeCloseTo(0.8, 12);
  });

  it('is a failure where most looks failed', () => {
    expect(toMiddle(even(0, 0, 0, 0.9)).mean).toBe(0);
  });

  it('is the mean of one or two marks, and 0 of none', () => {
    expect([toMiddle(even(0.3)).mean, toMiddle(even(0.2, 0.8)).mean, toMiddle([]).mean]).toEqual([0.3, 0.5, 0]);
  });

  it('never falls when a mark rises, and lies between the least and the greatest', () => {
    fc.assert(
      fc.property(someMarks, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (marks, nth, by) => {
        const { mean } = toMiddle(marks);
        const raised = marks.map((one, index) =>
          index === nth % marks.length ? { ...one, mark: one.mark + (1 - one.mark) * by } : one,
        );
        expect(toMiddle(raised).mean).toBeGreaterThanOrEqual(mean - 1e-9);
        const values = marks.map(({ mark }) => mark);
        expect(mean).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(mean).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
    );
  });

  it('has no greater spread than all marks about the same point, and none where half of them agree', () => {
    fc.assert(
      fc.property(someMarks, (marks) => {
        const { mean, spread } = toMiddle(marks);
        const plain = toPlain(marks);
        expect(spread).toBeLessThanOrEqual(plain.spread + (plain.mean - mean) ** 2 + 1e-9);
      }),
    );
    expect(toMiddle(even(0, 0.7, 0.7, 0.7, 1)).spread).toBeCloseTo(0, 12);
  });
});
