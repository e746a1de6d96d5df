/** Long work in short slices. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long a slice may hold up everything else, ms. */
const SLICE_MS = 8;

/** Does it for each in order, and lets everything else go on in between. */
export async function inSlices<T>(all: readonly T[], work: (one: T) => void): Promise<void> {
  let until = performance.now() + SLICE_MS;
  for (const one of all) {
    work(one);
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + SLICE_MS;
  }
}
