import { afterEach, describe, expect, it } from 'vitest';
import { invalidates, LagGuard } from '../../plugin/scan/lag.js';

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

  it('invalidates a time that the stall could have caused, and no other', () => {
    expect(invalidates(4, 1)).toBe(false);
    expect(invalidates(8, 1)).toBe(true);
    expect(invalidates(8, 50)).toBe(true);
    expect(invalidates(6, 190)).toBe(true);
    expect(invalidates(8, 400)).toBe(false);
  });
});
