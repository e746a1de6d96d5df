/** What is deleted when, and how the file stays below its limit. */
import { DAY_MS } from '../lib/time.js';
import type { Connection } from './connection.js';
import { pragma, prepare } from './sqlite.js';
import type { PrunableAttempts } from './tables/attempts.js';
import type { PrunableHistory } from './tables/history.js';
import type { PrunableJobs } from './tables/jobs.js';
import type { PrunableOwn } from './tables/own.js';
import type { PrunableSessions } from './tables/sessions.js';

interface Prunable {
  readonly attempts: PrunableAttempts;
  readonly history: PrunableHistory;
  readonly jobs: PrunableJobs;
  readonly own: PrunableOwn;
  readonly sessions: PrunableSessions;
}

const RAW_MS = 30 * DAY_MS;
const DAYS_MS = 731 * DAY_MS;
/** Longer than any session lives. */
const SESSION_MS = 8 * DAY_MS;

/** What a file that is too large keeps longest: the attempts that the score reads, the days that the pages draw. */
const SCORED_MS = 7 * DAY_MS;
const DRAWN_MS = 91 * DAY_MS;

/** Rows of one kind that one step deletes; fewer where room is short, since the step itself is written to the log first. */
const ROWS = 200;
const ROOM_ROWS = 50;

/** One step: see `Store.prune`. */
export function pruner(db: Connection, stores: Prunable, now: () => number, maxBytes: number): () => number {
  const { attempts, history, jobs, own, sessions } = stores;
  const isOver = limitSize(db, maxBytes);
  /** The first of these that deletes anything: detail before summary, the old before what is read every day. */
  const makeRoom = () =>
    attempts.prune(now() - SCORED_MS, ROOM_ROWS) ||
    history.prune(now() - DRAWN_MS, ROOM_ROWS) ||
    attempts.prune(Number.MAX_SAFE_INTEGER, ROOM_ROWS) ||
    history.prune(Number.MAX_SAFE_INTEGER, ROOM_ROWS);
  return () => {
    const aged =
      attempts.prune(now() - RAW_MS, ROWS) +
      jobs.prune(now() - RAW_MS, ROWS) +
      history.prune(now() - DAYS_MS, ROWS) +
      own.prune(now() - DAYS_MS) +
      sessions.prune(now() - SESSION_MS);
    return aged > 0 || !isOver() ? aged : makeRoom();
  };
}

/**
 * Divides the room, and tells whether the database has used up its part. Free pages are reused, so the file never grows
 * past the most that it held at once. A sixth belongs to the write-ahead log: when it reaches that, a commit copies it
 * back, which costs disk flushes; `flush()` does so after every scan, so this happens only in a scan of hundreds. The rest
 * is for the step itself and for what is written before the next one.
 */
function limitSize(db: Connection, maxBytes: number): () => boolean {
  const pageBytes = Number(prepare(db, 'PRAGMA page_size').pluck().get());
  const logBytes = Math.floor(maxBytes / 6);
  db.setUp((file) => {
    pragma(file, `wal_autocheckpoint = ${Math.max(1, Math.floor(logBytes / pageBytes))}`);
    pragma(file, `journal_size_limit = ${logBytes}`);
  });
  const pages = prepare<[], number>(db, 'PRAGMA page_count').pluck();
  const free = prepare<[], number>(db, 'PRAGMA freelist_count').pluck();
  return () => ((pages.get() ?? 0) - (free.get() ?? 0)) * pageBytes > maxBytes * 0.7;
}
