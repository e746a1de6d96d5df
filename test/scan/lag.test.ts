import { afterEach, describe, expect, it } from 'vitest';
import { invalidates, LagGuard, Stalls } from '../../plugin/scan/lag.js';

const guard = new LagGuard();
afterEach(() => guard.close());

/** Blocks the event loop for this many ms, as a long computation would. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('the lag guard', () => {
  it('sees how long the loop was blocked, even right before it is asked', () => {
    const longest = guard.watch();
    block(60);
    const stall = longest().longest();
    expect(stall).toBeGreaterThan(50);
    expect(stall).toBeLessThan(500);
  });

  it('gives each watcher only the stalls of its own span', () => {
    const early = guard.watch();
    block(60);
    const late = guard.watch();
    expect(late().longest()).toBe(0);
    expect(early().longest()).toBeGreaterThan(50);
  });

  it('knows how much a stall adds to a time: nothing, where it begins and ends in between', () => {
    const stalls = new Stalls();
    stalls.add({ from: 100, to: 160, ms: 58 });
    const added = (from: number, until: number) => stalls.added([{ from, until }]);
    expect(added(50, 130)).toBe(30);
    expect(added(130, 300)).toBe(30);
    expect(added(159, 300)).toBe(1);
    expect(added(50, 101)).toBe(1);
    expect(added(110, 150)).toBe(58);
    expect(added(50, 300)).toBe(0);
    // What arrived meanwhile is read when the loop goes on.
    expect(added(50, 161)).toBe(58);
    expect(added(50, 170)).toBe(0);
    expect(added(10, 90)).toBe(0);
    expect(stalls.added([])).toBe(0);
    expect(
      stalls.added([
        { from: 10, until: 90 },
        { from: 130, until: 300 },
      ]),
    ).toBe(30);
  });

  it('invalidates a time that the stall could have caused, and no other', () => {
    expect(invalidates(4, 1)).toBe(false);
    expect(invalidates(8, 1)).toBe(true);
    expect(invalidates(8, 50)).toBe(true);
    expect(invalidates(6, 190)).toBe(true);
    expect(invalidates(8, 400)).toBe(false);
  });
});
