/** A file that the first released shape wrote opens with every row kept. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { answered, failed, freshPath, job, NOW, opened } from './made.js';

/** The first shape, as its own program wrote it: never to be edited, whatever the schema becomes. */
const SHAPE_1 = `
  CREATE TABLE attempts (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 5),
    reason TEXT,
    detail TEXT,
    samples TEXT,
    facts TEXT,
    PRIMARY KEY (type, provider, at, nth),
    CONSTRAINT failure_has_no_numbers CHECK ((reason IS NULL) = (samples IS NOT NULL)),
    CONSTRAINT failure_has_no_facts CHECK ((reason IS NULL) = (facts IS NOT NULL)),
    CONSTRAINT success_has_no_detail CHECK (reason IS NOT NULL OR detail IS NULL),
    CONSTRAINT json_is_whole CHECK (json_valid(samples) AND json_valid(facts))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_by_time ON attempts (at, bytes);
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    provider TEXT,
    state TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    startedAt TEXT NOT NULL,
    finishedAt TEXT,
    error TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX jobs_by_start ON jobs (startedAt);
  CREATE TABLE sessions (key TEXT PRIMARY KEY, lastUsed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 1;
`;

const ROWS = `
  INSERT INTO attempts VALUES
    ('t', 'p1', ${NOW - 1}, 0, 300, 4, NULL, NULL, '[["answer",12.345678901,"udp"],["loss",0,"udp"]]',
      '{"software":"<b>unbound</b> \\"1.17\\" ''ñ''"}'),
    ('t', 'p1', ${NOW}, 0, 60, 3, 'wrong-identity', 'it is someone else', NULL, NULL);
  INSERT INTO jobs VALUES ('a', 'scan', 't', NULL, 'running', 0, 9, '2026-11-23T11:59:00.000Z', NULL, NULL);
  INSERT INTO sessions VALUES ('hash', ${NOW});
  INSERT INTO settings VALUES ('owner', 'scrypt');
`;

function first(): string {
  const path = freshPath();
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(SHAPE_1 + ROWS);
  db.close();
  return path;
}

describe('a file of the first shape', () => {
  it('opens with all its rows, and has room for what came later', () => {
    const path = first();
    const store = opened(path);
    expect(store.movedAside).toBeNull();
    expect(store.attempts.recent('t')).toEqual(new Map([['p1', [failed(NOW), answered(NOW - 1)]]]));
    expect(store.jobs.get('a')).toEqual(job('a'));
    expect([store.sessions.lastUsed('hash'), store.settings.get('owner')]).toEqual([NOW, 'scrypt']);
    store.history.note('t', 'p1', 50);
    store.opinions.put('t', 'p1', { pinned: true });
    store.recommendations.put('t', { provider: 'p1', challenger: null });
    store.own.beat(NOW, 'up');
    store.events.count({ by: 'stranger', name: '', what: 'login', type: null, provider: null, result: 'failed' });
    expect(store.events.newest(1)).toMatchObject([{ what: 'login', count: 1 }]);
    expect(opened(path).history.days('t', 'p1', 0)).toMatchObject([{ attempts: 2, answered: 1 }]);
  });

  it('has the same tables afterwards as a new one', () => {
    const tables = (path: string) => {
      opened(path);
      const db = new Database(path, { readonly: true });
      const found = db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
      db.close();
      return found;
    };
    expect(tables(first())).toEqual(tables(freshPath()));
  });
});
