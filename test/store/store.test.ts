/** Jobs, sessions and settings come back; the file is private, whole after a flush, and bounded. */
import { chmodSync, copyFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../plugin/store/index.js';
import { answered, DAY, freshPath, job, NOW, opened } from './made.js';

const session = (used: number) => ({ since: NOW - DAY, used });

describe('jobs', () => {
  it('come back unchanged, and the latest state wins', () => {
    const { jobs } = opened(':memory:');
    const error = { code: 'unit-failed', message: 'It failed.', hint: 'Look.' };
    const ended = job('a', { state: 'failed', done: 3, finishedAt: new Date(NOW).toISOString(), error, provider: 'p' });
    jobs.put(job('a'));
    expect(jobs.get('a')).toEqual(job('a'));
    jobs.put(ended);
    expect(jobs.get('a')).toEqual(ended);
    expect(jobs.get('b')).toBeNull();
  });

  it('left running by a dead process become failed; ended ones stay', () => {
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
  it('remember a login until it is removed', () => {
    const { sessions } = opened(':memory:');
    sessions.put('a', session(NOW - 1));
    sessions.put('a', session(NOW));
    sessions.put('b', session(NOW));
    expect(sessions.get('a')).toEqual(session(NOW));
    sessions.remove('a');
    expect([sessions.get('a'), sessions.get('b')]).toEqual([null, session(NOW)]);
    sessions.removeAll();
    expect(sessions.get('b')).toBeNull();
  });

  it('store, replace and delete a named value', () => {
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
  it('keeps everything across openings', () => {
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

  it('is private: folder 0700, file, log and index 0600, even if it was open before', () => {
    const path = join(dirname(freshPath()), 'made', 'by', 'us', 'panel.sqlite');
    openStore(path).close();
    chmodSync(path, 0o644);
    opened(path).settings.set('a', 'b');
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect(mode(dirname(path))).toBe('700');
    expect(['', '-wal', '-shm'].map((suffix) => mode(path + suffix))).toEqual(['600', '600', '600']);
  });

  it('is whole after a flush, even without its log', () => {
    const path = freshPath();
    const store = opened(path);
    for (let at = 0; at < 100; at++) store.attempts.add(answered(at));
    const alone = [freshPath(), freshPath()] as const;
    copyFileSync(path, alone[0]);
    store.flush();
    copyFileSync(path, alone[1]);
    expect(alone.map((file) => opened(file).attempts.recent('t', 1000).get('p1')?.length)).toEqual([undefined, 100]);
  });

  it('has a log that restarts after each flush', () => {
    const path = freshPath();
    const store = opened(path);
    const logAfter = (from: number) => {
      for (let at = from; at < from + 100; at++) store.attempts.add(answered(at));
      store.flush();
      return statSync(`${path}-wal`).size;
    };
    const sizes = [0, 100, 200, 300].map(logAfter);
    expect(Math.max(...sizes)).toBeLessThan(2 * Math.min(...sizes));
  });
});

describe('pruning', () => {
  it('deletes what is older than 30 days in small steps, and keeps the rest', () => {
    const store = opened(':memory:');
    for (let index = 0; index < 450; index++) store.attempts.add(answered(NOW - 31 * DAY - index));
    const recent = [answered(NOW), answered(NOW - 29 * DAY)];
    for (const attempt of recent) store.attempts.add(attempt);
    expect(store.attempts.recent('t').get('p1')).toHaveLength(40);
    expect([1, 2, 3, 4].map(() => store.prune())).toEqual([200, 200, 50, 0]);
    expect(store.attempts.recent('t').get('p1')).toEqual(recent);
    expect(store.attempts.recent('t', 1000).get('p1')).toEqual(recent);
  });

  it('deletes the oldest first', () => {
    const store = opened(':memory:');
    for (let index = 0; index < 300; index++) store.attempts.add(answered(NOW - 31 * DAY - index));
    store.prune();
    const left = store.attempts.recent('t', 1000).get('p1') ?? [];
    expect([left.at(-1)?.at, left.length]).toEqual([NOW - 31 * DAY - 99, 100]);
  });

  it('deletes ended jobs of that age, never a running one', () => {
    const store = opened(':memory:');
    const startedAt = new Date(NOW - 31 * DAY).toISOString();
    store.jobs.put(job('running', { startedAt }));
    store.jobs.put(job('old', { startedAt, state: 'done' }));
    store.jobs.put(job('new', { state: 'done' }));
    expect([store.prune(), store.prune()]).toEqual([1, 0]);
    expect(['running', 'old', 'new'].map((id) => store.jobs.get(id)?.state)).toEqual(['running', undefined, 'done']);
  });

  it('bounds the file: an attempt takes under 277 bytes, and freed room is reused', () => {
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

  it('deletes sessions that ended long ago', () => {
    const store = opened(':memory:');
    const recent = session(NOW - 6 * DAY);
    store.sessions.put('old', session(NOW - 9 * DAY));
    store.sessions.put('new', recent);
    expect([store.prune(), store.prune()]).toEqual([1, 0]);
    expect([store.sessions.get('old'), store.sessions.get('new')]).toEqual([null, recent]);
  });
});

describe('the size bound', () => {
  const MOST = 1_000_000;

  it('holds for the file with its log, however much is written; the oldest attempts go first', () => {
    const path = freshPath();
    let now = NOW;
    const store = openStore(path, () => now, 4 * MOST);
    onTestFinished(() => store.close());
    const sizes: number[] = [];
    const facts = { software: 'x'.repeat(600) };
    for (let index = 0; index < 5000; index++) {
      store.attempts.add(answered(now++, { provider: `p${index % 50}`, facts }));
      if (index % 25 === 0) store.history.note('t', `p${index % 50}`, 50);
      if (index % 25 === 0) store.prune();
      sizes.push(statSync(path).size + statSync(`${path}-wal`).size);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * MOST);
    const left = [...store.exportRows('t', null)].map(({ at }) => at - NOW);
    expect(left.length).toBeGreaterThan(1000);
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 5000 - left.length + index));
    expect(store.history.bars('t', NOW).size).toBe(2);
  });

  it('is kept by deleting old days before what the score reads', () => {
    let now = NOW - 500 * DAY;
    const store = openStore(':memory:', () => now, MOST);
    onTestFinished(() => store.close());
    for (; now < NOW; now += 5 * DAY) {
      for (let index = 0; index < 150; index++) {
        store.attempts.add(answered(now, { provider: `provider${index}` }));
        store.history.note('t', `provider${index}`, 50);
      }
      while (store.prune() > 0);
    }
    const days = store.history.days('t', 'provider1', 0);
    expect(days.length).toBeGreaterThanOrEqual(18);
    expect(days.length).toBeLessThan(100);
    expect(days.at(-1)?.day).toBe('2026-11-18');
    expect(store.attempts.recent('t').size).toBe(150);
  });
});
