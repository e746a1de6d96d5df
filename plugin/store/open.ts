/** Opens the database file: makes it private, checks and migrates it; moves a damaged one aside and starts a new one. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { SQLITE_ADDON } from '../config/paths.js';
import { PanelError } from '../model/errors.js';
import { migrate } from './migrate.js';
import { hold, pragma } from './sqlite.js';

/** How long a statement waits for another process (the command line beside the daemon), ms. */
const BUSY_TIMEOUT = 2000;

/** Page cache, KiB: the lists of a community fit, and a small node has better uses for more. */
const CACHE_KIB = 1024;

/** Codes of a file that is not a sound database of ours, as opposed to one that is out of reach right now. */
const DAMAGE = /^SQLITE_(CORRUPT|NOTADB|ERROR)/;

interface Opened<T> {
  readonly value: T;
  /** Where a damaged file was moved; null when all was well. */
  readonly movedAside: string | null;
}

/**
 * Opens the file and hands it to `use`, which prepares its statements. If the file is damaged, or its tables are not
 * what the statements expect, it is moved aside and a new one started: history is worth less than a panel that starts.
 * @throws PanelError `bad-config` when the file cannot be created, read or written, or was written by a later version.
 */
export function open<T>(path: string, now: () => number, use: (db: Database.Database) => T): Opened<T> {
  try {
    if (path === ':memory:') return { value: openOnce(path, use), movedAside: null };
    makePrivate(path);
    try {
      return { value: openOnce(path, use), movedAside: null };
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      const movedAside = moveAside(path, now());
      makePrivate(path);
      return { value: openOnce(path, use), movedAside };
    }
  } catch (error) {
    throw error instanceof PanelError ? error : notOpened(path, error);
  }
}

class Damaged extends Error {}

/** @throws Damaged, PanelError from the migration, or what SQLite says */
function openOnce<T>(path: string, use: (db: Database.Database) => T): T {
  let db: Database.Database | undefined;
  try {
    db = hold(new Database(path, { timeout: BUSY_TIMEOUT, ...(SQLITE_ADDON && { nativeBinding: SQLITE_ADDON }) }));
    // Before the check, which reads the whole file.
    pragma(db, `cache_size = -${CACHE_KIB}`);
    check(db);
    migrate(db);
    pragma(db, 'journal_mode = WAL');
    pragma(db, 'synchronous = NORMAL');
    return use(db);
  } catch (error) {
    db?.close();
    throw error instanceof Database.SqliteError && DAMAGE.test(error.code) ? new Damaged(error.message) : error;
  }
}

function check(db: Database.Database): void {
  const verdict = pragma(db, 'quick_check(1)');
  if (verdict !== 'ok') throw new Damaged(String(verdict));
}

/**
 * The owner alone may read measurements and the password's hash; SQLite gives its side files the same mode. A file that
 * exists is not opened here: closing it would drop the locks that this process may hold on it
 * (https://sqlite.org/howtocorrupt.html, 2.2).
 */
function makePrivate(path: string): void {
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(path, 0o600);
  }
}

/** One folder at a time: under /proc, where nothing can be created, Node's own `recursive` never returns. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Log and index move too: a new file must not be read with the old log, and the three together can be repaired. */
function moveAside(path: string, now: number): string {
  const aside = `${path}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}

function notOpened(path: string, error: unknown): PanelError {
  return new PanelError(
    'bad-config',
    `The database ${path} cannot be opened: ${(error as Error).message}.`,
    'Set DATA_DIR to a folder on a disk with free space that the panel may write to.',
    { cause: error },
  );
}
