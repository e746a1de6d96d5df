/** Several processes at once, and processes that die: acknowledged rows are there, and the file is sound. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../plugin/store/index.js';
import { exit, freshPath, inChild, NOW, opened } from '../../store/made.js';

const ATTEMPT = `(at) => ({
  provider: 'p', type: 't', at, bytes: 300, reason: null, level: 4,
  samples: [{ metric: 'rtt', value: at, method: 'udp' }], facts: { software: 'x'.repeat(at % 100) },
})`;

describe('a process killed while it writes', () => {
  it('loses nothing that it acknowledged, five times over', async () => {
    const path = freshPath();
    let acknowledged = 0;
    for (let round = 0; round < 5; round++) {
      const { child, lines } = await inChild(
        path,
        `const store = openStore(path);
         const attempt = ${ATTEMPT};
         for (let at = ${acknowledged + 1}; ; at++) {
           store.attempts.add(attempt(at));
           say(at);
           if (at % 50 === 0) store.flush();
         }`,
      );
      const killAt = acknowledged + randomInt(20, 400);
      lines.on('line', (line) => {
        acknowledged = Number(line);
        if (acknowledged === killAt) child.kill('SIGKILL');
      });
      await once(lines, 'close');
      expect(await exit(child)).toBeNull();

      const store = openStore(path, () => NOW);
      expect(store.movedAside).toBeNull();
      const there = new Set(
        store.attempts
          .recent('t', 1e6)
          .get('p')
          ?.map(({ at }) => at),
      );
      const lost = Array.from({ length: acknowledged }, (_, index) => index + 1).filter((at) => !there.has(at));
      expect(lost).toEqual([]);
      // What it wrote but could not say any more is there too: the next one goes on behind it.
      acknowledged = there.size;
      store.close();
    }
    const db = new Database(path, { readonly: true });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  });
});

describe('two processes at once', () => {
  it('may create the same file, write to it together and read each other’s rows', async () => {
    const path = freshPath();
    const writer = (provider: number) =>
      inChild(
        path,
        `const store = openStore(path);
         const attempt = ${ATTEMPT};
         for (let at = 1; at <= 200; at++) store.attempts.add({ ...attempt(at), provider: 'p${provider}' });
         store.close();`,
      );
    const writers = await Promise.all([1, 2, 3].map(writer));
    const store = opened(path);
    expect(await Promise.all(writers.map(({ child }) => exit(child)))).toEqual([0, 0, 0]);
    expect(store.movedAside).toBeNull();
    expect([...store.attempts.recent('t', 1000)].map(([id, list]) => [id, list.length])).toEqual([
      ['p1', 200],
      ['p2', 200],
      ['p3', 200],
    ]);
  });
});
