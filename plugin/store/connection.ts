/**
 * The connection that all statements go through. Where the disk cannot be written (full, read-only, gone), it goes on with a
 * copy in memory: reading never depends on writing. As soon as the disk takes it, the copy is written back.
 */
import { closeSync, openSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { log } from '../lib/log.js';
import { asPanelError, diskFull, type PanelError, unwritable } from '../model/errors.js';
import { isFull, stamp, takesFiles, writeBack } from './spare.js';
import { type Db, hold } from './sqlite.js';

/** Codes of a disk that cannot be written, as opposed to a file that is damaged or in use. */
const UNWRITABLE =
  /^(SQLITE_(FULL|READONLY|IOERR|CANTOPEN(?!_ISDIR)|PERM)|ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|ENOENT)/;

export const isUnwritable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && UNWRITABLE.test(String(error.code)) && hasDescriptor();

/** SQLite calls a process without a free descriptor a file that cannot be opened: no disk is to blame. */
function hasDescriptor(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** How often the disk is tried again, ms. */
const RETRY_MS = 30_000;

interface Spare {
  /** What the disk said. */
  readonly error: PanelError;
  /** Whether it holds all that the file held. */
  readonly isWhole: boolean;
  /** Of the file, when the copy was made. */
  readonly stamp: string;
  triedAt: number;
}

/** How to go on without the disk, and to come back to it; both checked and migrated. */
export interface Detour {
  /** In memory; empty where there is no image. */
  copy(image: Buffer | null): Database.Database;
  reopen(): Database.Database;
}

export class Connection implements Db {
  readonly #path: string;
  readonly #detour: Detour | null;
  readonly #settings: ((db: Database.Database) => void)[] = [];
  #db: Database.Database;
  #spare: Spare | null = null;
  /** Counts the databases that it was connected to. */
  #nth = 0;
  #depth = 0;

  /** @param detour null where it must not go on without its file */
  constructor(path: string, db: Database.Database, detour: Detour | null) {
    this.#path = path;
    this.#db = db;
    this.#detour = detour;
  }

  /** A connection to a copy, where not even the start could write. */
  static onSpare(path: string, spare: Database.Database, error: unknown, isWhole: boolean, detour: Detour) {
    const connection = new Connection(path, spare, detour);
    connection.#spare = toSpare(path, error, isWhole);
    return connection;
  }

  /** Why nothing is kept; null while everything is. */
  get unkept(): PanelError | null {
    return this.#spare?.error ?? null;
  }

  get db(): Database.Database {
    return this.#db;
  }

  get nth(): number {
    return this.#nth;
  }

  /** Sets the database up, and each that takes its place. */
  setUp(settings: (db: Database.Database) => void): void {
    this.#settings.push(settings);
    settings(this.#db);
  }

  readonly prepare: Db['prepare'] = (sql: string) => new Statement(this, sql) as never;

  /** As of better-sqlite3. Done again from its beginning where the disk turns out to be full in the middle. */
  transaction<F extends (...values: never[]) => unknown>(work: F): Database.Transaction<F> {
    let made: { readonly nth: number; readonly run: Database.Transaction<F> } | null = null;
    const current = () => {
      if (made?.nth !== this.#nth) made = { nth: this.#nth, run: this.#db.transaction(work) };
      return made.run;
    };
    const by =
      (start: (run: Database.Transaction<F>) => F) =>
      (...values: Parameters<F>) =>
        this.attempt(() => this.#inside(() => start(current())(...values)));
    const run = by((transaction) => transaction as unknown as F);
    return Object.assign(run, { immediate: by((transaction) => transaction.immediate as F) }) as never;
  }

  /** Does it on the disk, or else in memory. */
  attempt<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    if (this.#spare) this.#tryDisk(this.#spare);
    try {
      return work();
    } catch (error) {
      if (this.#spare || !this.#detour || !isUnwritable(error)) throw error;
      this.#leaveDisk(this.#detour, error);
      return work();
    }
  }

  /**
   * What is worth nothing unless it is kept: on the disk or not at all.
   * @throws PanelError, or what SQLite says, where the disk cannot be written
   */
  keep<T>(work: () => T): T {
    if (this.#spare) this.#tryDisk(this.#spare, 0);
    if (this.#spare) throw this.#spare.error;
    try {
      return this.#inside(work);
    } catch (error) {
      if (this.#detour && this.#depth === 0 && isUnwritable(error)) this.#leaveDisk(this.#detour, error);
      throw error;
    }
  }

  close(): void {
    if (this.#spare) this.#tryDisk(this.#spare, 0);
    this.#db.close();
  }

  /** Nothing inside changes the database. */
  #inside<T>(work: () => T): T {
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }

  #leaveDisk(detour: Detour, cause: unknown): void {
    const disk = this.#db;
    const whole = copyWhole(disk, detour);
    closeQuietly(disk);
    this.#spare = toSpare(this.#path, cause, whole !== null);
    this.#use(whole ?? detour.copy(null));
    log.warning(`${this.#spare.error.message} ${this.#spare.error.hint}`);
  }

  /** Not more often than that, ms. */
  #tryDisk(spare: Spare, everyMs = RETRY_MS): void {
    if (!this.#detour || performance.now() - spare.triedAt < everyMs) return;
    spare.triedAt = performance.now();
    if (!takesFiles(this.#path)) return;
    const copy = this.#db;
    const isCopy = spare.isWhole && stamp(this.#path) === spare.stamp;
    let disk: Database.Database | null = null;
    try {
      disk = this.#detour.reopen();
      writeBack(copy, this.#path, isCopy);
    } catch (error) {
      if (disk) closeQuietly(disk);
      if (!isUnwritable(error)) log.error(error);
      return;
    }
    this.#spare = null;
    this.#use(disk);
    closeQuietly(copy);
    log.info('The disk can be written again: what was in memory is kept now.');
  }

  #use(db: Database.Database): void {
    this.#db = db;
    this.#nth++;
    for (const settings of this.#settings) settings(db);
  }
}

/** null where not even reading works. */
function copyWhole(disk: Database.Database, detour: Detour): Database.Database | null {
  try {
    return detour.copy(disk.serialize());
  } catch (error) {
    log.error(error);
    return null;
  }
}

function toSpare(path: string, cause: unknown, isWhole: boolean): Spare {
  const known = asPanelError(cause);
  const error =
    known.code === 'disk-full' ? known : isFull(path) && !isReadOnly(cause) ? diskFull(cause) : unwritable(cause);
  return { error, isWhole, stamp: stamp(path), triedAt: performance.now() };
}

const isReadOnly = (error: unknown) => /READONLY|EROFS|EACCES|EPERM/.test(String((error as { code?: unknown }).code));

function closeQuietly(db: Database.Database): void {
  try {
    db.close();
  } catch (error) {
    log.error(error);
  }
}

/** A statement on whatever database the connection has. */
class Statement {
  readonly #connection: Connection;
  readonly #sql: string;
  #how: readonly ('pluck' | 'raw')[] = [];
  #nth = -1;
  #statement: Database.Statement | null = null;

  constructor(connection: Connection, sql: string) {
    this.#connection = connection;
    this.#sql = sql;
    this.#current();
  }

  get reader(): boolean {
    return this.#current().reader;
  }

  pluck(): this {
    return this.#change('pluck');
  }

  raw(): this {
    return this.#change('raw');
  }

  run(...values: unknown[]): unknown {
    return this.#connection.attempt(() => this.#current().run(...values));
  }

  get(...values: unknown[]): unknown {
    return this.#connection.attempt(() => this.#current().get(...values));
  }

  all(...values: unknown[]): unknown[] {
    return this.#connection.attempt(() => this.#current().all(...values));
  }

  #change(how: 'pluck' | 'raw'): this {
    this.#current()[how]();
    this.#how = [...this.#how, how];
    return this;
  }

  #current(): Database.Statement {
    const { db, nth } = this.#connection;
    if (this.#statement === null || this.#nth !== nth) {
      const statement = hold(db.prepare(this.#sql));
      for (const how of this.#how) statement[how]();
      this.#statement = statement;
      this.#nth = nth;
    }
    return this.#statement;
  }
}
