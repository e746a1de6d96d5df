/** A file from an earlier version opens with all its rows, even after a first attempt was killed half way. */
import { copyFileSync, existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../plugin/store/index.js';
import { answered, bundled, exit, failed, freshPath, job, NOW, opened, run } from './made.js';
import { SHAPES, writeShape } from './shapes.js';

function fileOf(shape: number): string {
  const path = freshPath();
  writeShape(path, shape);
  return path;
}

function inFile<T>(path: string, read: (db: Database.Database) => T): T {
  const db = new Database(path, { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
const versionOf = (path: string) => inFile(path, (db) => db.pragma('user_version', { simple: true }) as number);

/** What the rows of each shape say, one after the other. */
const CONTENTS: readonly ((store: Store) => void)[] = [
  ({ attempts, jobs, settings, sessions }) => {
    expect(attempts.recent('t')).toEqual(new Map([['p1', [failed(NOW), answered(NOW - 1)]]]));
    expect(jobs.get('a')).toEqual(job('a'));
    expect(settings.get('owner')).toBe('scrypt');
    // It names no login: its owner logs in again.
    expect(sessions.get('hash')).toBeNull();
  },
  ({ history, opinions, recommendations, own }) => {
    const [day] = history.days('t', 'p1', 0);
    expect(day).toEqual({ day: '2026-11-23', attempts: 7, answered: 5, score: 61.5, rtt: 3.25, answer: null });
    const opinion = { note: 'a good one: "ñ"', runBy: 'the school', known: 'yes', language: 'ca', help: 'Tuesdays' };
    const stars = [{ at: NOW - 5, stars: 4 }];
    expect(opinions.get('t', 'p1')).toEqual({ ...opinion, pinned: true, hidden: false, reserve: false, stars });
    expect(recommendations.get('t')).toEqual({ provider: 'p1', challenger: 'p2' });
    expect(own.days(0)).toEqual([{ day: '2026-11-23', up: 700, cut: 20 }]);
  },
  ({ events }) =>
    expect(events.newest(9)).toMatchObject([{ by: 'owner', what: 'scan', type: 't', job: 'a', count: 1 }]),
  ({ sessions }) => {
    expect(sessions.get('kept')).toEqual({ since: NOW - 2, used: NOW - 1 });
    expect(sessions.get('replaced')).toBeNull();
  },
  ({ announcers, recommendations }) => {
    expect(announcers.claim('p1', 'node1')).toBe(NOW - 3);
    // Nobody noted it then.
    expect(recommendations.since('t')).toBeNull();
  },
  ({ recommendations, peers }) => {
    expect(recommendations.since('dated')).toBe(NOW - 9);
    // Since when its challenger leads, nobody noted then.
    expect(recommendations.get('dated')).toEqual({ provider: 'p1', challenger: 'p2' });
    expect(peers.all()).toEqual([]);
  },
];

function expectAll(path: string, shape: number): void {
  const store = opened(path);
  expect(store.movedAside).toBeNull();
  for (const contents of CONTENTS.slice(0, shape)) contents(store);
}

/** Opens the file and dies by its own hand within the transaction, after that many steps. */
const DIES = `
  import Database from 'better-sqlite3';
  const exec = Database.prototype.exec;
  let steps = Number(process.argv[3]);
  Database.prototype.exec = function (sql) {
    exec.call(this, sql);
    if (--steps === 0) process.kill(process.pid, 'SIGKILL');
    return this;
  };
  openStore(path, () => ${NOW});
  say('opened');`;

describe('a file of an earlier version', () => {
  it('is known here for every version', () => {
    const path = freshPath();
    opened(path);
    expect(SHAPES).toEqual(Array.from({ length: versionOf(path) - 1 }, (_, index) => index + 1));
    expect(CONTENTS).toHaveLength(SHAPES.length);
  });

  it.each(SHAPES)('of shape %i opens with all its rows, and takes all that came later', (shape) => {
    const path = fileOf(shape);
    expectAll(path, shape);
    const store = opened(path);
    store.history.note('t', 'p9', 50);
    store.opinions.put('t', 'p1', { reserve: true });
    expect(store.opinions.get('t', 'p1')).toMatchObject({ pinned: false, reserve: true });
    store.opinions.put('t', 'p9', { pinned: true });
    store.recommendations.put('u', { provider: 'p9', challenger: null });
    store.own.beat(NOW, 'up');
    store.events.count({ by: 'stranger', name: '', what: 'login', type: null, provider: null, result: 'failed' });
    store.sessions.put('new', { since: NOW, used: NOW });
    expect(store.events.newest(1)).toMatchObject([{ what: 'login', count: 1 }]);
    expect(opened(path).sessions.get('new')).toEqual({ since: NOW, used: NOW });
  });

  it.each(SHAPES)('of shape %i gets the same tables as a new one', (shape) => {
    const tables = (path: string) => {
      opened(path);
      return inFile(path, (db) => db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all());
    };
    expect(tables(fileOf(shape))).toEqual(tables(freshPath()));
  });

  it('stays whole when the program is killed after any step, and opens the next time', async () => {
    const code = await bundled(DIES);
    for (const shape of SHAPES) {
      for (let steps = 1; steps <= SHAPES.length + 1 - shape; steps++) {
        const path = fileOf(shape);
        const { child, lines } = run(code, [path, String(steps)]);
        const output: string[] = [];
        for await (const line of lines) output.push(line);
        expect([output, await exit(child)]).toEqual([[], null]);
        expect(versionOf(path)).toBe(shape);
        expectAll(path, shape);
      }
    }
  });

  it('is whole again where a killed program left most of it in its log', () => {
    for (const shape of SHAPES) {
      const path = fileOf(shape);
      const writer = new Database(path);
      writer.exec(`INSERT INTO settings VALUES ('late', 'not lost')`);
      const torn = freshPath();
      for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, torn + suffix);
      writer.close();
      expect(existsSync(`${torn}-wal`)).toBe(true);
      expectAll(torn, shape);
      expect(opened(torn).settings.get('late')).toBe('not lost');
    }
  });
});
