/**
 * Databases and statements that live as long as the process. From Node 24.19 on, collecting an object of better-sqlite3 12
 * aborts the whole process (https://github.com/WiseLibs/better-sqlite3/issues/1515), and version 13, which fixes that,
 * does not run on Node 20 (issue 1514 there). So each is made once and kept here, never to be collected: some thirty small
 * objects for every store opened.
 */
import type Database from 'better-sqlite3';

const held: object[] = [];

/** What tables need of a database, or of a connection to one. */
export type Db = Pick<Database.Database, 'prepare' | 'transaction'>;

/** Rows dated from `from` to `until` (ms since the epoch), both included, get `by` ms later: the clock was set. */
export interface Move {
  readonly from: number;
  readonly until: number;
  readonly by: number;
}

/** Keeps the object from being collected; returns it. */
export function hold<T extends object>(object: T): T {
  held.push(object);
  return object;
}

/** A statement that is never collected: prepare each text once, not on every use. */
export function prepare<Bind extends unknown[] | object = unknown[], Result = unknown>(
  db: Db,
  sql: string,
): Database.Statement<Bind extends unknown[] ? Bind : [Bind], Result> {
  return hold(db.prepare<Bind, Result>(sql)) as Database.Statement<Bind extends unknown[] ? Bind : [Bind], Result>;
}

/** `db.pragma()` would prepare a statement that is collected. Returns the first column of the first row, if any. */
export function pragma(db: Db, text: string): unknown {
  const statement = prepare(db, `PRAGMA ${text}`);
  return statement.reader ? statement.pluck().get() : statement.run();
}
