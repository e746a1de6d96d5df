import { describe, expect, it, vi } from 'vitest';
import { BACKGROUND_SHARE, Budget } from '../../plugin/scan/budget.js';
import { answered, freshPath, opened } from '../store/made.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A budget on a store that another process has open too. */
function createBudget(bytesPerDay: number) {
  const clock = { now: 10 * DAY };
  const path = freshPath();
  const [store, other] = [opened(path, () => clock.now), opened(path, () => clock.now)];
  const add = (bytes: number, { at = clock.now, by = store, provider = 'p1' } = {}) =>
    by.attempts.add(answered(at, { bytes, provider }));
  const summed = vi.spyOn(store.attempts, 'bytesBetween');
  const budget = new Budget({ attempts: store.attempts, bytesPerDay, now: () => clock.now });
  return { clock, store, other, add, summed, budget };
}

describe('the budget', () => {
  it('counts what is stored, under way and thrown away, each for 24 hours', () => {
    const { budget, clock, add } = createBudget(1_000);
    add(100, { at: 9.5 * DAY });
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

  it('never allows more than is left, attempts under way included', () => {
    const { budget } = createBudget(300);
    budget.hold(200);
    expect(() => budget.check(100)).not.toThrow();
    expect(() => budget.check(101)).toThrow(expect.objectContaining({ code: 'budget-spent' }));
  });

  it('keeps half for a person’s scans', () => {
    const { budget } = createBudget(300);
    budget.lose(100);
    expect(() => budget.check(50, BACKGROUND_SHARE)).not.toThrow();
    expect(() => budget.check(51, BACKGROUND_SHARE)).toThrow(expect.objectContaining({ code: 'budget-spent' }));
    expect(() => budget.check(200)).not.toThrow();
  });

  it('sums the store once a minute, and counts what this process adds at once', () => {
    const { budget, clock, add, summed } = createBudget(1_000);
    for (let nth = 1; nth <= 59; nth++) {
      add(1);
      expect(budget.spent()).toBe(nth);
      clock.now += 1_000;
    }
    expect(summed).toHaveBeenCalledTimes(1);
    clock.now += 1_000;
    expect(budget.spent()).toBe(59);
    expect(summed).toHaveBeenCalledTimes(2);
  });

  it('learns within a minute what another process has spent, and what the store has pruned', () => {
    const { budget, clock, store, other, add } = createBudget(1_000);
    add(10);
    expect(budget.spent()).toBe(10);
    add(5, { by: other });
    clock.now += MINUTE;
    expect(budget.spent()).toBe(15);
    add(2);
    clock.now += 31 * DAY;
    while (store.prune() > 0);
    add(1);
    expect(budget.spent()).toBe(1);
  });

  it('ignores attempts dated in the future until then', () => {
    const { budget, clock, add } = createBudget(1_000);
    clock.now += 365 * DAY;
    add(10, { provider: 'p2' });
    budget.lose(20);
    expect(budget.spent()).toBe(30);
    clock.now -= 365 * DAY;
    add(1);
    expect(budget.spent()).toBe(1);
    clock.now += 365 * DAY;
    expect(budget.spent()).toBe(30);
  });
});
