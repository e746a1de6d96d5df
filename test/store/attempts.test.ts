/** Attempts come back as written, and impossible ones are refused. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { answered, DAY, failed, freshPath, NOW, opened } from './made.js';

describe('attempts', () => {
  it('come back unchanged, newest first, per provider', () => {
    const { attempts } = opened(':memory:');
    const [oldest, middle, newest] = [answered(NOW - 2), failed(NOW - 1), answered(NOW, { facts: {}, samples: [] })];
    const other = failed(NOW, { provider: 'p2', detail: null });
    for (const attempt of [middle, oldest, other, newest, answered(NOW, { type: 'another' })]) attempts.add(attempt);
    expect(attempts.recent('t')).toEqual(
      new Map([
        ['p1', [newest, middle, oldest]],
        ['p2', [other]],
      ]),
    );
    expect(attempts.recent('never-seen')).toEqual(new Map());
  });

  it('are limited to the newest of each provider', () => {
    const { attempts } = opened(':memory:');
    for (let at = 0; at < 50; at++) attempts.add(answered(at));
    attempts.add(answered(7, { provider: 'p2' }));
    expect(attempts.recent('t').get('p1')).toHaveLength(40);
    const two = attempts.recent('t', 2);
    expect([...two].map(([id, list]) => [id, list.map(({ at }) => at)])).toEqual([
      ['p1', [49, 48]],
      ['p2', [7]],
    ]);
  });

  it('are all stored when they end in the same millisecond', () => {
    const { attempts } = opened(':memory:');
    attempts.add(answered(NOW));
    attempts.add(failed(NOW));
    expect(attempts.recent('t').get('p1')).toEqual([failed(NOW), answered(NOW)]);
  });

  it('are the same for one provider as in the list of all', () => {
    const { attempts } = opened(':memory:');
    for (let at = 0; at < 50; at++) attempts.add(at % 3 ? answered(at) : failed(at));
    attempts.add(answered(7, { provider: 'p2' }));
    expect(attempts.of('t', 'p1')).toEqual(attempts.recent('t').get('p1'));
    expect(attempts.of('t', 'p1', 2).map(({ at }) => at)).toEqual([49, 48]);
    expect(attempts.of('t', 'never-seen')).toEqual([]);
  });

  it('appear at once when another process wrote them', () => {
    const path = freshPath();
    const [first, second] = [opened(path), opened(path)];
    first.attempts.add(answered(NOW - 1));
    expect(second.attempts.recent('t').get('p1')).toHaveLength(1);
    first.attempts.add(answered(NOW));
    expect(second.attempts.recent('t').get('p1')).toHaveLength(2);
  });

  it('sum the bytes spent between two moments', () => {
    const { attempts } = opened(':memory:');
    expect(attempts.bytesBetween(0, NOW)).toBe(0);
    for (const at of [NOW - 2, NOW - 1, NOW]) attempts.add(answered(at, { provider: `p${at}`, bytes: 100 }));
    expect(attempts.bytesBetween(NOW - 1, NOW)).toBe(200);
    expect(attempts.bytesBetween(NOW - 2, NOW - 1)).toBe(200);
    expect(attempts.bytesBetween(NOW + 1, NOW + DAY)).toBe(0);
  });

  it('from a clock that ran ahead move before the next one, in order and equally spaced', () => {
    let now = NOW + DAY;
    const { attempts } = opened(':memory:', () => now);
    const times = () => attempts.of('t', 'p1').map(({ at }) => at - NOW);
    for (const at of [-DAY, 40_000, 50_000, 50_000]) attempts.add(failed(NOW + at));
    attempts.add(answered(NOW + DAY, { provider: 'p2' }));
    now = NOW;
    expect(times()).toEqual([50_000, 50_000, 40_000, -DAY]);
    attempts.add(answered(NOW));
    expect(times()).toEqual([0, -60_000, -60_000, -70_000, -DAY]);
    expect(attempts.of('t', 'p2').map(({ at }) => at)).toEqual([NOW + DAY]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('refuse %s as a measured value', (value) => {
    const { attempts } = opened(':memory:');
    const bad = answered(NOW, { samples: [{ metric: 'rtt', value, method: 'udp' }] });
    expect(() => attempts.add(bad)).toThrow(RangeError);
    expect(attempts.recent('t').size).toBe(0);
  });

  it('cannot hold a number beside a failure, whatever writes the row', () => {
    const path = freshPath();
    opened(path);
    const db = new Database(path);
    const insert = db.prepare(
      `INSERT INTO attempts (type, provider, at, nth, bytes, level, reason, samples, facts)
       VALUES ('t', 'p', 1, ?, 0, 0, ?, ?, ?)`,
    );
    expect(() => insert.run(0, 'timeout', '[["rtt",0,"udp"]]', null)).toThrow(/failure_has_no_numbers/);
    expect(() => insert.run(0, 'timeout', null, '{"ms":"0"}')).toThrow(/failure_has_no_facts/);
    expect(() => insert.run(0, null, null, null)).toThrow(/CHECK/);
    expect(() => insert.run(0, null, '[["rtt",', '{}')).toThrow(/json_is_whole/);
    expect(insert.run(0, 'timeout', null, null).changes).toBe(1);
    db.close();
  });
});

describe('a watcher', () => {
  it('names the providers with a new attempt since its last call, by type', () => {
    const { attempts } = opened(':memory:');
    const [first, second] = [attempts.watch(), attempts.watch()];
    expect(first()).toBe('all');
    attempts.add(answered(NOW));
    attempts.add(failed(NOW, { provider: 'p2' }));
    attempts.add(failed(NOW, { provider: 'p3', type: 'another' }));
    const touched = [
      ['t', new Set(['p1', 'p2'])],
      ['another', new Set(['p3'])],
    ] as const;
    expect(first()).toEqual(new Map<string, Set<string>>(touched));
    expect(first()).toEqual(new Map());
    expect([second(), second()]).toEqual(['all', new Map()]);
  });

  it('names those that lost an old attempt, and only those', () => {
    const store = opened(':memory:');
    store.attempts.add(answered(NOW - 31 * DAY));
    store.attempts.add(answered(NOW, { provider: 'p2' }));
    const watch = store.attempts.watch();
    watch();
    store.prune();
    expect(watch()).toEqual(new Map([['t', new Set(['p1'])]]));
    store.prune();
    expect(watch()).toEqual(new Map());
  });

  it('returns `all` once after another process wrote', () => {
    const path = freshPath();
    const [first, second] = [opened(path), opened(path)];
    const watching = [first.attempts.watch(), first.attempts.watch()];
    for (const watch of watching) watch();
    second.attempts.add(answered(NOW));
    expect(watching.map((watch) => [watch(), watch()])).toEqual([
      ['all', new Map()],
      ['all', new Map()],
    ]);
    first.attempts.add(answered(NOW + 1));
    expect(watching[0]?.()).toEqual(new Map([['t', new Set(['p1'])]]));
  });
});

describe('an export', () => {
  it('holds every attempt once, oldest first, across pages and equal times', () => {
    const { attempts, exportRows } = opened(':memory:');
    const written = Array.from({ length: 900 }, (_, index) => {
      const more = { provider: `p${index % 7}`, bytes: 100 + (index % 3) };
      return index % 5 ? answered(Math.floor(index / 450), more) : failed(Math.floor(index / 450), more);
    });
    for (const attempt of written.toReversed()) attempts.add(attempt);
    attempts.add(answered(1, { type: 'another' }));
    const all = [...exportRows('t', null)];
    const plain = (list: readonly object[]) =>
      list.map((attempt) => JSON.stringify(attempt, Object.keys(attempt).sort())).sort();
    expect(plain(all)).toEqual(plain(written));
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted());
    const first = [...exportRows('t', 'p3')];
    expect(plain(first)).toEqual(plain(written.filter(({ provider }) => provider === 'p3')));
    expect([...exportRows('t', 'never-seen')]).toEqual([]);
  });

  it('delays no writer when read slowly', () => {
    const { attempts, exportRows } = opened(':memory:');
    for (let at = 0; at < 300; at++) attempts.add(answered(at));
    let count = 0;
    for (const _ of exportRows('t', null)) if (count++ === 0) attempts.add(answered(300));
    expect(count).toBe(301);
  });
});
