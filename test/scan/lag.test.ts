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
    const stall = longest();
    expect(stall).toBeGreaterThan(50);
    expect(stall).toBeLessThan(500);
  });

  it('gives each watcher only the stalls of its own time', () => {
    const early = guard.watch();
    block(60);
    const late = guard.watch();
    expect(late()).toBeLessThan(50);
    expect(early()).toBeGreaterThan(50);
  });

  it('spoils a time that the stall could have made, and no other', () => {
    expect(spoils(4, 1)).toBe(false);
    expect(spoils(8, 1)).toBe(true);
    expect(spoils(8, 50)).toBe(true);
    expect(spoils(8, 400)).toBe(false);
  });
});
