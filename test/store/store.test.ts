/** What is written comes back, and only what may be written is. */
import { chmodSync, copyFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Answered, Unanswered } from '../../plugin/store/attempts.js';
import { openStore } from '../../plugin/store/index.js';
import { DAY, freshPath, job, NOW, opened } from './made.js';

const answered = (at: number, more: Partial<Answered> = {}): Answered => ({
  provider: 'p1',
  type: 't',
  at,
  bytes: 300,
  reason: null,
  level: 4,
  samples: [
    { metric: 'answer', value: 12.345678901, method: 'udp' },
    { metric: 'loss', value: 0, method: 'udp' },
  ],
  facts: { software: `<b>unbound</b> "1.17" 'ñ'` },
  ...more,
});
const failed = (at: number, more: Partial<Unanswered> = {}): Unanswered => ({
  provider: 'p1',
  type: 't',
  at,
  bytes: 60,
  reason: 'wrong-identity',
  level: 3,
  detail: 'it is someone else',
  ...more,
});

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

describe('jobs', () => {
  it('come back as they were, and the latest state wins', () => {
    const { jobs } = opened(':memory:');
    const error = { code: 'unit-failed', message: 'It failed.', hint: 'Look.' };
    const ended = job('a', { state: 'failed', done: 3, finishedAt: new Date(NOW).toISOString(), error, provider: 'p' });
    jobs.put(job('a'));
    expect(jobs.get('a')).toEqual(job('a'));
    jobs.put(ended);
    expect(jobs.get('a')).toEqual(ended);
    expect(jobs.get('b')).toBeNull();
  });

  it('left running by a dead process become failed; the ended ones stay', () => {
    const path = freshPath();
    const before = openStore(path, () => NOW);
    before.jobs.put(job('orphan'));
    before.jobs.put(job('done', { state: 'done' }));
    before.close();
    const { jobs } = opened(path);
    jobs.closeOrphans();
    const finishedAt = new Date(NOW).toISOString();
    expect(jobs.get('orphan')).toMatchObject({ state: 'failed', finishedAt, error: { hint: 'Start it again.' } });
    expect(jobs.get('done')).toEqual(job('done', { state: 'done' }));
  });
});

describe('sessions and settings', () => {
  it('remember when a session was last used, and forget it', () => {
    const { sessions } = opened(':memory:');
    sessions.put('a', NOW - 1);
    sessions.put('a', NOW);
    sessions.put('b', NOW);
    sessions.put('c', NOW);
    sessions.remove('b');
    expect([sessions.lastUsed('a'), sessions.lastUsed('b')]).toEqual([NOW, null]);
    sessions.removeAll();
    expect(sessions.lastUsed('c')).toBeNull();
  });

  it('remember a named value, replace it, forget it', () => {
    const { settings } = opened(':memory:');
    expect(settings.get('secret')).toBeNull();
    settings.set('secret', 'one');
    settings.set('secret', 'two');
    expect(settings.get('secret')).toBe('two');
    settings.set('secret', null);
    expect(settings.get('secret')).toBeNull();
  });
});

describe('the file', () => {
  it('keeps everything from one opening to the next', () => {
    const path = freshPath();
    const before = openStore(path);
    before.attempts.add(answered(NOW));
    before.settings.set('name', 'value');
    before.close();
    const store = opened(path);
    expect(store.movedAside).toBeNull();
    expect(store.attempts.recent('t').get('p1')).toEqual([answered(NOW)]);
    expect(store.settings.get('name')).toBe('value');
  });

  it('is for its owner alone: folder 0700, file, log and index 0600, also where it was open to others', () => {
    const path = join(dirname(freshPath()), 'made', 'by', 'us', 'panel.sqlite');
    openStore(path).close();
    chmodSync(path, 0o644);
    opened(path).settings.set('a', 'b');
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect(mode(dirname(path))).toBe('700');
    expect(['', '-wal', '-shm'].map((suffix) => mode(path + suffix))).toEqual(['600', '600', '600']);
  });

  it('is whole after a flush, even without its log, and the log does not grow from flush to flush', () => {
    const path = freshPath();
    const store = opened(path);
    const fill = (from: number) => {
      for (let at = from; at < from + 100; at++) store.attempts.add(answered(at));
      store.flush();
      return statSync(`${path}-wal`).size;
    };
    const log = fill(0);
    expect(fill(100)).toBeLessThanOrEqual(log);
    const alone = freshPath();
    copyFileSync(path, alone);
    expect(opened(alone).attempts.recent('t', 1000).get('p1')).toHaveLength(200);
  });
});

describe('pruning', () => {
  it('forgets what is older than 30 days in small steps, and keeps the rest', () => {
    const store = opened(':memory:');
    for (let index = 0; index < 450; index++) store.attempts.add(answered(NOW - 31 * DAY - index));
    const kept = [answered(NOW), answered(NOW - 29 * DAY)];
    for (const attempt of kept) store.attempts.add(attempt);
    expect([1, 2, 3, 4].map(() => store.prune())).toEqual([200, 200, 50, 0]);
    expect(store.attempts.recent('t', 1000).get('p1')).toEqual(kept);
  });

  it('takes the oldest first', () => {
    const store = opened(':memory:');
    for (let index = 0; index < 300; index++) store.attempts.add(answered(NOW - 31 * DAY - index));
    store.prune();
    const left = store.attempts.recent('t', 1000).get('p1') ?? [];
    expect([left.at(-1)?.at, left.length]).toEqual([NOW - 31 * DAY - 99, 100]);
  });

  it('forgets ended jobs of that age, never a running one', () => {
    const store = opened(':memory:');
    const startedAt = new Date(NOW - 31 * DAY).toISOString();
    store.jobs.put(job('running', { startedAt }));
    store.jobs.put(job('old', { startedAt, state: 'done' }));
    store.jobs.put(job('new', { state: 'done' }));
    expect([store.prune(), store.prune()]).toEqual([1, 0]);
    expect(['running', 'old', 'new'].map((id) => store.jobs.get(id)?.state)).toEqual(['running', undefined, 'done']);
  });

  it('bounds the file: an attempt takes under 277 bytes, and the room of forgotten ones is used again', () => {
    const path = freshPath();
    let now = NOW;
    const store = opened(path, () => now);
    const month = () => {
      for (let index = 0; index < 4000; index++) {
        store.attempts.add(answered(now + index, { provider: `0123456789${index % 100}`, type: 'syncthing' }));
      }
      store.flush();
      return statSync(path).size;
    };
    const size = month();
    // 20 MB for 100 providers that are tried once an hour for 30 days.
    expect(size / 4000).toBeLessThan(20_000_000 / (100 * 24 * 30));
    now += 31 * DAY;
    while (store.prune() > 0);
    expect(month()).toBeLessThan(1.1 * size);
  });
});
