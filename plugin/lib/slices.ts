/** Long work in short slices. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest slice, ms: it blocks the event loop. */
const SLICE_MS = 8;

/** Works through the items in order, and yields to the event loop after each slice. */
export async function inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let until = performance.now() + SLICE_MS;
  for (const item of items) {
    work(item);
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + SLICE_MS;
  }
}
