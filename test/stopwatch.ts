/** How long something waits, whatever else the machine does meanwhile. For what computes: cpu.ts. */
import { onTestFinished } from 'vitest';

const BEAT_MS = 5;

/**
 * Starts to count, within a test; the result tells the milliseconds so far. Where this process has no turn, at most two
 * beats count: a busy machine makes nothing late.
 */
export function stopwatch(): () => number {
  let last = performance.now();
  let counted = 0;
  const beat = () => {
    const now = performance.now();
    counted += Math.min(now - last, 2 * BEAT_MS);
    last = now;
  };
  const timer = setInterval(beat, BEAT_MS);
  onTestFinished(() => clearInterval(timer));
  return () => {
    beat();
    return counted;
  };
}
