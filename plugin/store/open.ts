/** Opens the database file: makes it private, checks and migrates it; moves a damaged one aside and starts a new one. */
import { chmodSync, closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { SQLITE_ADDON } from '../config/paths.js';
import { log } from '../lib/log.js';
import { PanelError } from '../model/errors.js';
import { Connection, type Detour, isUnwritable } from './connection.js';
import { migrate } from './migrate.js';
import { makeFolder, openDatabase, openImage, readImage } from './spare.js';
import { pragma } from './sqlite.js';

/** How long a statement waits for another process (the command line beside the daemon), ms. */
const BUSY_TIMEOUT = 2000;

/** Page cache, KiB: the lists of a community fit, and a small node has better uses for more. */
const CACHE_KIB = 1024;

/** Codes of a file that is not a sound database of ours, as opposed to one that is out of reach right now. */
const DAMAGE = /^SQLITE_(CORRUPT|NOTADB|ERROR)/;

/**
 * What to do where the disk cannot be written: refuse to open; go on in memory with what could be read; or go on in memory
 * whatever could be read.
 */
export type Unkept = 'refuse' | 'if-readable' | 'allow';

export interface OpenOptions {
  readonly unkept: Unkept;
  /** Called when a damaged file has been moved, at the start or later. */
  onMovedAside(to: string): void;
}

interface Opened<T> {
  readonly connection: Connection;
  readonly value: T;
}

/**
 * Opens the file and hands it to `use`, which prepares its statements. If the file is damaged, or its tables are not
 * what the statements expect, it is moved aside and a new one started: history is worth less than a panel that starts.
 * @throws PanelError `bad-config` when the file cannot be created, read or written, or was written by a later version.
 */
export function open<T>(
  path: string,
  now: () => number,
  { unkept, onMovedAside }: OpenOptions,
  use: (db: Connection) => T,
): Opened<T> {
  const file = new File(path, now, onMovedAside);
  const detour = path === ':memory:' || unkept === 'refuse' ? null : file;
  const connect = (db: Database.Database) => new Connection(path, detour ? proven(db) : db, detour);
  try {
    return file.open((db) => openOnce(db, connect, use));
  } catch (error) {
    if (detour === null || !isUnwritable(error)) throw error instanceof PanelError ? error : notOpened(path, error);
    return openSpare(detour, path, error, unkept, use);
  }
}

/** In memory, with what the file holds, or empty where it cannot be read. */
function openSpare<T>(detour: Detour, path: string, cause: unknown, unkept: Unkept, use: (db: Connection) => T) {
  const image = readImage(path);
  if (image === null && unkept === 'if-readable') throw notOpened(path, cause);
  const open = (held: Buffer | null) =>
    openOnce(detour.copy(held), (db) => Connection.onSpare(path, db, cause, held !== null, detour), use);
  try {
    return open(image);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    log.error(error);
    return open(null);
  }
}

/** The file, as often as it is opened. */
class File implements Detour {
  readonly #path: string;
  readonly #now: () => number;
  readonly #onMovedAside: (to: string) => void;

  constructor(path: string, now: () => number, onMovedAside: (to: string) => void) {
    this.#path = path;
    this.#now = now;
    this.#onMovedAside = onMovedAside;
  }

  /** Opens it for `use`; where it turns out to be damaged, a new one. */
  open<T>(use: (db: Database.Database) => T): T {
    try {
      return use(openFile(this.#path));
    } catch (error) {
      if (!(error instanceof Damaged) || this.#path === ':memory:') throw error;
      this.#onMovedAside(moveAside(this.#path, this.#now()));
      return use(openFile(this.#path));
    }
  }

  copy(image: Buffer | null): Database.Database {
    return prepared(openImage(image ?? Buffer.alloc(0)));
  }

  reopen(): Database.Database {
    return this.open(proven);
  }
}

/** The smallest write: a full disk lets itself be opened. */
function proven(db: Database.Database): Database.Database {
  try {
    pragma(db, `user_version = ${pragma(db, 'user_version')}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

class Damaged extends Error {}

/** @throws Damaged, PanelError from the migration, or what SQLite says */
function openFile(path: string): Database.Database {
  if (path !== ':memory:') makePrivate(path);
  const db = openDatabase(path, { timeout: BUSY_TIMEOUT });
  try {
    return prepared(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Checked and migrated. */
function prepared(db: Database.Database): Database.Database {
  return findDamage(() => {
    // Before the check, which reads the whole file.
    pragma(db, `cache_size = -${CACHE_KIB}`);
    check(db);
    migrate(db);
    pragma(db, 'journal_mode = WAL');
    pragma(db, 'synchronous = NORMAL');
    return db;
  });
}

function openOnce<T>(
  db: Database.Database,
  connect: (db: Database.Database) => Connection,
  use: (db: Connection) => T,
) {
  try {
    const connection = connect(db);
    return { connection, value: findDamage(() => use(connection)) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function findDamage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
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
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' && !existsSync(path)) throw error;
    // Not even asked for where it is right already: on a read-only disk that would fail.
    if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600);
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

/** SQLite's own half of the program does not load: no disk is to blame. */
function isAddonError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_DLOPEN_FAILED' || code === 'MODULE_NOT_FOUND' || error.message.includes('bindings file');
}

function unfitAddon(error: Error): PanelError {
  const [reason = ''] = error.message.replace(/\s+/g, ' ').split('. ');
  const todo =
    SQLITE_ADDON === null ? 'npm rebuild better-sqlite3' : 'sudo apt-get install --reinstall cloudy-services';
  return new PanelError(
    'bad-config',
    `SQLite was not compiled for this Node (${process.version}, ${process.arch}): ${reason}.`,
    `Compile or install it again: ${todo}`,
    { cause: error },
  );
}

function notOpened(path: string, error: unknown): PanelError {
  if (isAddonError(error)) return unfitAddon(error);
  return new PanelError(
    'bad-config',
    `The database ${path} cannot be opened: ${(error as Error).message}.`,
    'Set DATA_DIR to a folder on a disk with free space that the panel may write to.',
    { cause: error },
  );
}
