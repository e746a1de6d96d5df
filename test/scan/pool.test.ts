import { describe, expect, it } from 'vitest';
import { eachPolitely } from '../../plugin/scan/pool.js';

const idle = new AbortController().signal;

/** Work that ends when told to, and remembers how much of it ran at once. */
function gate() {
  const waiting: { item: string; end: () => void }[] = [];
  const seen: string[] = [];
  let most = 0;
  const work = (item: string) =>
    new Promise<void>((resolve) => {
      seen.push(item);
      waiting.push({ item, end: resolve });
      most = Math.max(most, waiting.length);
    });
  const endAll = async () => {
    while (waiting.length > 0) {
      waiting.shift()?.end();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { work, endAll, seen, waiting, most: () => most };
}

describe('the pool', () => {
  it('never runs more at once than allowed, and runs everything', async () => {
    const { work, endAll, seen, most } = gate();
    const items = Array.from({ length: 20 }, (_, index) => `host${index}`);
    const all = eachPolitely(items, { concurrency: 3, host: (item) => item, signal: idle }, work);
    await endAll();
    await all;
    expect(most()).toBe(3);
    expect(seen.sort()).toEqual(items.sort());
  });

  it('never runs two at once towards one host, and passes over it for others', async () => {
    const { work, endAll, waiting } = gate();
    const host = (item: string) => item.slice(0, 1);
    const all = eachPolitely(['a1', 'a2', 'b1'], { concurrency: 3, host, signal: idle }, work);
    expect(waiting.map(({ item }) => item)).toEqual(['a1', 'b1']);
    await endAll();
    await all;
  });

  it('takes nothing new once aborted, and still waits for what runs', async () => {
    const { work, endAll, seen } = gate();
    const abort = new AbortController();
    const all = eachPolitely(['a', 'b', 'c'], { concurrency: 1, host: (item) => item, signal: abort.signal }, work);
    abort.abort();
    await endAll();
    await all;
    expect(seen).toEqual(['a']);
  });

  it('finishes the others before it throws what one of them threw', async () => {
    const done: string[] = [];
    const all = eachPolitely(['bad', 'good'], { concurrency: 2, host: (item) => item, signal: idle }, async (item) => {
      if (item === 'bad') throw new Error('our mistake');
      await new Promise((resolve) => setImmediate(resolve));
      done.push(item);
    });
    await expect(all).rejects.toThrow('our mistake');
    expect(done).toEqual(['good']);
  });
});
