/**
 * Database files as each earlier version of this program left them: its tables as it made them, and rows as it wrote them.
 * Never to be edited, whatever the schema becomes.
 */
import Database from 'better-sqlite3';
import { NOW } from './made.js';

const DAY = Math.floor(NOW / 86_400_000);

/** The n-th leads from one shape to the next. */
const STEPS: readonly { readonly tables: string; readonly rows: string }[] = [
  {
    tables: `
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
`,
    rows: `
  INSERT INTO attempts VALUES
    ('t', 'p1', ${NOW - 1}, 0, 300, 4, NULL, NULL, '[["answer",12.345678901,"udp"],["loss",0,"udp"]]',
      '{"software":"<b>unbound</b> \\"1.17\\" ''ñ''"}'),
    ('t', 'p1', ${NOW}, 0, 60, 3, 'wrong-identity', 'it is someone else', NULL, NULL);
  INSERT INTO jobs VALUES ('a', 'scan', 't', NULL, 'running', 0, 9, '2026-11-23T11:59:00.000Z', NULL, NULL);
  INSERT INTO sessions VALUES ('hash', ${NOW});
  INSERT INTO settings VALUES ('owner', 'scrypt');
`,
  },
  {
    tables: `
  CREATE TABLE days (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    day INTEGER NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts > 0),
    answered INTEGER NOT NULL CHECK (answered BETWEEN 0 AND attempts),
    score REAL CHECK (score BETWEEN 0 AND 100),
    rtt REAL CHECK (rtt >= 0),
    answer REAL CHECK (answer >= 0),
    PRIMARY KEY (type, provider, day)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX days_by_day ON days (day);
  CREATE TABLE opinions (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    note TEXT NOT NULL CHECK (length(note) <= 1000),
    runBy TEXT NOT NULL CHECK (length(runBy) <= 100),
    known TEXT NOT NULL CHECK (known IN ('yes', 'no', '')),
    language TEXT NOT NULL CHECK (length(language) <= 100),
    help TEXT NOT NULL CHECK (length(help) <= 100),
    PRIMARY KEY (type, provider)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    PRIMARY KEY (type, provider, at)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE recommendations (type TEXT PRIMARY KEY, provider TEXT NOT NULL, challenger TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE own (
    day INTEGER PRIMARY KEY,
    up INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    CHECK (up >= 0 AND cut >= 0 AND up + cut <= 1440)
  ) STRICT;
`,
    rows: `
  INSERT INTO days VALUES ('t', 'p1', ${DAY}, 7, 5, 61.5, 3.25, NULL);
  INSERT INTO opinions VALUES ('t', 'p1', 1, 0, 'a good one: "ñ"', 'the school', 'yes', 'ca', 'Tuesdays');
  INSERT INTO ratings VALUES ('t', 'p1', ${NOW - 5}, 4);
  INSERT INTO recommendations VALUES ('t', 'p1', 'p2');
  INSERT INTO own VALUES (${DAY}, 700, 20);
`,
  },
  {
    tables: `
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 64),
    what TEXT NOT NULL,
    type TEXT,
    provider TEXT,
    result TEXT NOT NULL,
    job TEXT,
    count INTEGER NOT NULL CHECK (count > 0)
  ) STRICT;
  CREATE UNIQUE INDEX events_by_job ON events (job) WHERE job IS NOT NULL;
`,
    rows: `
  INSERT INTO events VALUES (1, ${NOW}, 'owner', '', 'scan', 't', NULL, 'done', 'a', 1);
`,
  },
  {
    tables: `
  DROP TABLE sessions;
  CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    login TEXT NOT NULL,
    since INTEGER NOT NULL,
    used INTEGER NOT NULL,
    replaced INTEGER
  ) STRICT, WITHOUT ROWID;
`,
    rows: `
  INSERT INTO sessions VALUES ('kept', 'one', ${NOW - 2}, ${NOW - 1}, NULL);
  INSERT INTO sessions VALUES ('replaced', 'one', ${NOW - 2}, ${NOW - 1}, ${NOW - 1});
`,
  },
  {
    tables: `
  CREATE TABLE announcers (
    announcer TEXT NOT NULL,
    provider TEXT NOT NULL,
    since INTEGER NOT NULL,
    heard INTEGER NOT NULL,
    PRIMARY KEY (announcer, provider)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE providers (
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    waiting INTEGER NOT NULL CHECK (waiting IN (0, 1)),
    PRIMARY KEY (type, id),
    UNIQUE (type, key)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO providers (type, id, key, waiting)
    SELECT type, provider, provider, 1 FROM (
      SELECT type, provider FROM days
      UNION SELECT type, provider FROM attempts
      UNION SELECT type, provider FROM opinions
      UNION SELECT type, provider FROM ratings
      UNION SELECT type, provider FROM recommendations
      UNION SELECT type, challenger FROM recommendations
      UNION SELECT type, provider FROM jobs
      UNION SELECT type, provider FROM events
    ) WHERE type IS NOT NULL AND provider IS NOT NULL;
`,
    rows: `
  INSERT INTO announcers VALUES ('node1', 'p1', ${NOW - 3}, ${DAY});
`,
  },
  {
    tables: 'ALTER TABLE recommendations ADD COLUMN since INTEGER;',
    rows: `
  INSERT INTO recommendations VALUES ('dated', 'p1', 'p2', ${NOW - 9});
`,
  },
];

/** Every earlier shape, the first of them 1. */
export const SHAPES: readonly number[] = STEPS.map((_, index) => index + 1);

/** Writes a file of that shape. */
export function writeShape(path: string, shape: number): void {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  for (const { tables, rows } of STEPS.slice(0, shape)) db.exec(tables + rows);
  db.pragma(`user_version = ${shape}`);
  db.close();
}
