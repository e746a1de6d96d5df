import { afterEach, describe, expect, it } from 'vitest';
import { LagGuard, spoils } from '../../plugin/scan/lag.js';

const guard = new LagGuard();
afterEach(() => guard.close());

/** Keeps the event loop from turning for so many ms, as a long computation would. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('the lag guard', () => {
  it('sees how long the loop stood still, also right before it is asked', () => {
    const longest = guard.watch();
    block(60);
    const stall = longest().longest();
    expect(stall).toBeGreaterThan(50);
    expect(stall).toBeLessThan(500);
  });

  it('gives each watcher only the stalls of its own time', () => {
    const early = guard.watch();
    block(60);
    const late = guard.watch();
    expect(late().longest()).toBe(0);
    expect(early().longest()).toBeGreaterThan(50);
  });

  it('knows which span a stall touched', async () => {
    const watched = guard.watch();
    const before = performance.now();
    block(60);
    const after = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const stalls = watched();
    expect(stalls.longest(before, after)).toBeGreaterThan(50);
    // On a busy machine there may be others, shorter ones.
    expect(stalls.longest(after + 20, after + 25)).toBeLessThan(50);
  });

  it('spoils a time that the stall could have made, and no other', () => {
    expect(spoils(4, 1)).toBe(false);
    expect(spoils(8, 1)).toBe(true);
    expect(spoils(8, 50)).toBe(true);
    expect(spoils(6, 190)).toBe(true);
    expect(spoils(8, 400)).toBe(false);
  });
});
