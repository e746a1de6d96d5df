/** Runs work over many targets politely: so many at once in all, and never two at once towards one host. */

/**
 * Calls `work` for every item, in order as far as the limits allow; resolves when all have ended.
 * Stops taking new items when the signal aborts. What `work` throws is thrown once the others have ended.
 */
export async function eachPolitely<T>(
  items: readonly T[],
  { concurrency, host, signal }: { concurrency: number; host: (item: T) => string; signal: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const running = new Map<string, Promise<void>>();
  const errors: unknown[] = [];
  while (waiting.length > 0 && !signal.aborted) {
    const next = running.size < concurrency ? waiting.findIndex((item) => !running.has(host(item))) : -1;
    if (next < 0) {
      await Promise.race(running.values());
      continue;
    }
    const item = waiting.splice(next, 1)[0] as T;
    const key = host(item);
    const ended = work(item)
      .catch((error: unknown) => void errors.push(error))
      .finally(() => running.delete(key));
    running.set(key, ended);
  }
  await Promise.all(running.values());
  if (errors.length > 0) throw errors[0];
}
