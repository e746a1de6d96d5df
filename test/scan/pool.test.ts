import { describe, expect, it } from 'vitest';
import { Pool } from '../../plugin/scan/pool.js';

const idle = new AbortController().signal;

/** Work that ends on demand, and counts how much of it ran at once. */
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
    const all = new Pool(3).each(items, { host: (item) => item, signal: idle }, work);
    await endAll();
    await all;
    expect(most()).toBe(3);
    expect(seen.sort()).toEqual(items.sort());
  });

  it('never runs two at once towards one host, and takes others meanwhile', async () => {
    const { work, endAll, waiting } = gate();
    const host = (item: string) => item.slice(0, 1);
    const all = new Pool(3).each(['a1', 'a2', 'b1'], { host, signal: idle }, work);
    expect(waiting.map(({ item }) => item)).toEqual(['a1', 'b1']);
    await endAll();
    await all;
  });

  it('holds its limits over all concurrent users, and wakes those that wait', async () => {
    const { work, endAll, seen, waiting, most } = gate();
    const pool = new Pool(2);
    const host = (item: string) => item.slice(0, 1);
    const all = ['ab', 'ac'].map(([x, y]) => pool.each([`${x}1`, `${y}2`], { host, signal: idle }, work));
    expect(waiting.map(({ item }) => item)).toEqual(['a1', 'b2']);
    await endAll();
    await Promise.all(all);
    expect(most()).toBe(2);
    expect(seen.sort()).toEqual(['a1', 'a1', 'b2', 'c2']);
  });

  it('ends at once when aborted while it waits for a slot', async () => {
    const { work, endAll, seen } = gate();
    const pool = new Pool(1);
    const abort = new AbortController();
    const first = pool.each(['a'], { host: (item) => item, signal: idle }, work);
    const second = pool.each(['b'], { host: (item) => item, signal: abort.signal }, work);
    abort.abort();
    await second;
    expect(seen).toEqual(['a']);
    await endAll();
    await first;
  });

  it('takes nothing new once aborted, and still waits for what runs', async () => {
    const { work, endAll, seen } = gate();
    const abort = new AbortController();
    const all = new Pool(1).each(['a', 'b', 'c'], { host: (item) => item, signal: abort.signal }, work);
    abort.abort();
    await endAll();
    await all;
    expect(seen).toEqual(['a']);
  });

  it('finishes the others before it throws an error', async () => {
    const done: string[] = [];
    const all = new Pool(2).each(['bad', 'good'], { host: (item) => item, signal: idle }, async (item) => {
      if (item === 'bad') throw new Error('our mistake');
      await new Promise((resolve) => setImmediate(resolve));
      done.push(item);
    });
    await expect(all).rejects.toThrow('our mistake');
    expect(done).toEqual(['good']);
  });
});
