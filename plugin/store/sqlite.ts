/**
 * Databases and statements that live as long as the process. From Node 24.19 on, a collected object of better-sqlite3 12
 * aborts the whole process (https://github.com/WiseLibs/better-sqlite3/issues/1515), and version 13, which mends that,
 * cannot run on Node 20 (issue 1514 there). So each is made once, kept here, and nothing of it is ever collected: some
 * thirty small objects for every store that was opened.
 */
import type Database from 'better-sqlite3';

const held: object[] = [];

/** Keeps it from being collected; returns it. */
export function hold<T extends object>(one: T): T {
  held.push(one);
  return one;
}

/** A statement that is kept. Prepare each text once, not on every use. */
export function prepare<Bind extends unknown[] | object = unknown[], Result = unknown>(
  db: Database.Database,
  sql: string,
): Database.Statement<Bind extends unknown[] ? Bind : [Bind], Result> {
  return hold(db.prepare<Bind, Result>(sql)) as Database.Statement<Bind extends unknown[] ? Bind : [Bind], Result>;
}

/** `db.pragma()` would prepare a statement that nobody keeps. Returns the first column of the first row, if any. */
export function pragma(db: Database.Database, text: string): unknown {
  const statement = prepare(db, `PRAGMA ${text}`);
  return statement.reader ? statement.pluck().get() : statement.run();
}
