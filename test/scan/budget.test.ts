import { describe, expect, it } from 'vitest';
import { BACKGROUND_SHARE, Budget } from '../../plugin/scan/budget.js';

const DAY = 86_400_000;

function budgetOf(bytesPerDay: number, stored: readonly { at: number; bytes: number }[] = []) {
  const clock = { now: 10 * DAY };
  const bytesSince = (since: number) =>
    stored.filter(({ at }) => at >= since).reduce((sum, { bytes }) => sum + bytes, 0);
  return { clock, budget: new Budget({ attempts: { bytesSince }, bytesPerDay, now: () => clock.now }) };
}

describe('the budget', () => {
  it('counts what is stored, under way and thrown away, each for 24 hours', () => {
    const { budget, clock } = budgetOf(1_000, [{ at: 9.5 * DAY, bytes: 100 }]);
    budget.lose(20);
    const release = budget.hold(3);
    expect(budget.spent()).toBe(123);
    release();
    expect(budget.spent()).toBe(120);
    clock.now += 0.6 * DAY;
    expect(budget.spent()).toBe(20);
    clock.now += 0.5 * DAY;
    expect(budget.spent()).toBe(0);
  });

  it('never allows more than there is, with what is under way', () => {
    const { budget } = budgetOf(300);
    budget.hold(200);
    expect(() => budget.check(100)).not.toThrow();
    expect(() => budget.check(101)).toThrow(expect.objectContaining({ code: 'budget-spent' }));
  });

  it('leaves a person the half that unasked probes may not touch', () => {
    const { budget } = budgetOf(300);
    budget.lose(100);
    expect(() => budget.check(50, BACKGROUND_SHARE)).not.toThrow();
    expect(() => budget.check(51, BACKGROUND_SHARE)).toThrow(expect.objectContaining({ code: 'budget-spent' }));
    expect(() => budget.check(200)).not.toThrow();
  });
});
