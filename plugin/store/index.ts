/** What the panel remembers: one SQLite file, opened with a check, migrated forward only. */
import type Database from 'better-sqlite3';
import { type AttemptStore, attemptStore } from './attempts.js';
import { pragma, prepare } from './hold.js';
import { type JobStore, jobStore } from './jobs.js';
import { open } from './open.js';
import { type SessionStore, sessionStore } from './sessions.js';
import { type SettingStore, settingStore } from './settings.js';

export type { AttemptStore, JobStore, SessionStore, SettingStore };

export interface Store {
  readonly attempts: AttemptStore;
  readonly jobs: JobStore;
  readonly sessions: SessionStore;
  readonly settings: SettingStore;
  /** Where a damaged file was moved at opening; null when all was well. */
  readonly movedAside: string | null;
  /** Returns once everything written so far survives a power cut. Costs a disk flush: never inside a timed span. */
  flush(): void;
  /**
   * Forgets some of the attempts and jobs older than 30 days, few enough to take milliseconds; returns how many rows
   * went. 0 = nothing is left to forget.
   */
  prune(): number;
  close(): void;
}

const KEEP_MS = 30 * 24 * 3_600_000;
const PRUNE_ROWS = 200;

/**
 * Opens the file, making it and its folder where missing; `:memory:` keeps nothing. `now` in ms since the epoch.
 * @throws PanelError `bad-config` when the file cannot be opened, or was written by a later version of this program.
 */
export function openStore(path: string, now: () => number = Date.now): Store {
  const { value, movedAside } = open(path, now, (db) => storeOn(db, now));
  return { ...value, movedAside };
}

function storeOn(db: Database.Database, now: () => number): Omit<Store, 'movedAside'> {
  const attempts = attemptStore(db);
  const jobs = jobStore(db, now);
  return {
    attempts,
    jobs,
    sessions: sessionStore(db),
    settings: settingStore(db),
    flush: flusher(db),
    prune: () => {
      const before = now() - KEEP_MS;
      return attempts.prune(before, PRUNE_ROWS) + jobs.prune(before, PRUNE_ROWS);
    },
    close: () => void db.close(),
  };
}

/**
 * Under synchronous=NORMAL a commit only appends to the write-ahead log, without a disk flush: it survives the death of
 * the process, not a power cut. "With synchronous=FULL in WAL mode, an additional sync operation of the WAL file happens
 * after each transaction commit" (https://sqlite.org/pragma.html#pragma_synchronous). That sync is of the whole file, so
 * one commit under FULL carries every earlier one with it; writing the schema version again is the smallest there is.
 * Copying the log back afterwards keeps it short, so that no commit of the next scan has to; only the very next commit
 * flushes once, to begin the log anew, and that is the row of the next job, before any probe.
 */
function flusher(db: Database.Database): () => void {
  const full = prepare(db, 'PRAGMA synchronous = FULL');
  const normal = prepare(db, 'PRAGMA synchronous = NORMAL');
  const rewrite = prepare(db, `PRAGMA user_version = ${pragma(db, 'user_version')}`);
  const copyBack = prepare(db, 'PRAGMA wal_checkpoint(PASSIVE)');
  return () => {
    full.run();
    try {
      rewrite.run();
    } finally {
      normal.run();
    }
    copyBack.all();
  };
}
