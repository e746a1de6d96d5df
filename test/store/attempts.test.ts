/** Attempts come back as they were written, and none is written that could lie. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { answered, failed, freshPath, NOW, opened } from './made.js';

describe('attempts', () => {
  it('come back as they were, newest first, each provider its own', () => {
    const { attempts } = opened(':memory:');
    const [one, two, three] = [answered(NOW - 2), failed(NOW - 1), answered(NOW, { facts: {}, samples: [] })];
    const other = failed(NOW, { provider: 'p2', detail: null });
    for (const attempt of [two, one, other, three, answered(NOW, { type: 'another' })]) attempts.add(attempt);
    expect(attempts.recent('t')).toEqual(
      new Map([
        ['p1', [three, two, one]],
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

  it('are all kept when they end in the same millisecond', () => {
    const { attempts } = opened(':memory:');
    attempts.add(answered(NOW));
    attempts.add(failed(NOW));
    expect(attempts.recent('t').get('p1')).toEqual([failed(NOW), answered(NOW)]);
  });

  it('keep a list as it is until one of its provider’s attempts is added', () => {
    const { attempts } = opened(':memory:');
    attempts.add(answered(NOW - 2));
    attempts.add(answered(NOW - 2, { provider: 'p2' }));
    const before = attempts.recent('t');
    attempts.add(failed(NOW - 1));
    const after = attempts.recent('t');
    expect(after.get('p2')).toBe(before.get('p2'));
    expect([before.get('p1')?.length, after.get('p1')]).toEqual([1, [failed(NOW - 1), answered(NOW - 2)]]);
    attempts.add(answered(NOW, { provider: 'p3' }));
    expect(attempts.recent('t').size).toBe(3);
  });

  it('of another process are seen at once', () => {
    const path = freshPath();
    const [one, other] = [opened(path), opened(path)];
    one.attempts.add(answered(NOW - 1));
    expect(other.attempts.recent('t').get('p1')).toHaveLength(1);
    one.attempts.add(answered(NOW));
    expect(other.attempts.recent('t').get('p1')).toHaveLength(2);
  });

  it('know the bytes spent since a moment', () => {
    const { attempts } = opened(':memory:');
    expect(attempts.bytesSince(0)).toBe(0);
    for (const at of [NOW - 2, NOW - 1, NOW]) attempts.add(answered(at, { provider: `p${at}`, bytes: 100 }));
    expect(attempts.bytesSince(NOW - 1)).toBe(200);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('refuse %s as a measured value', (value) => {
    const { attempts } = opened(':memory:');
    const bad = answered(NOW, { samples: [{ metric: 'rtt', value, method: 'udp' }] });
    expect(() => attempts.add(bad)).toThrow(RangeError);
    expect(attempts.recent('t').size).toBe(0);
  });

  it('cannot hold a number beside a failure, whoever writes the row', () => {
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
