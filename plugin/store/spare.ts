/** A copy of the database in memory, for as long as its disk cannot be written, and the way back. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { SQLITE_ADDON } from '../config/paths.js';
import { log } from '../lib/log.js';
import { hold, pragma, prepare } from './sqlite.js';

/** Folders for a moment's copy: the first is memory, and can be written whatever the disks do. */
const SCRATCH = ['/dev/shm', tmpdir()];

export const openDatabase = (file: string | Buffer, options: Database.Options = {}): Database.Database =>
  hold(new Database(file, { ...options, ...(SQLITE_ADDON && { nativeBinding: SQLITE_ADDON }) }));

/** In the file with the write-ahead log of the last run; null where there is none, or it cannot be read. */
export function readImage(path: string): Buffer | null {
  try {
    const log = `${path}-wal`;
    const hasLog = existsSync(log) && statSync(log).size > 0;
    return (hasLog && readWithLog(path)) || readFileSync(path);
  } catch {
    return null;
  }
}

/** SQLite itself puts the log into a copy; null where there is no room for one. */
function readWithLog(path: string): Buffer | null {
  for (const scratch of SCRATCH) {
    let folder: string | undefined;
    try {
      folder = mkdtempSync(join(scratch, 'cloudy-services-'));
      const copy = join(folder, 'database');
      for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
      const db = openDatabase(copy);
      try {
        pragma(db, 'journal_mode = DELETE');
      } finally {
        db.close();
      }
      return readFileSync(copy);
    } catch (error) {
      log.error(error);
    } finally {
      if (folder) rmSync(folder, { recursive: true, force: true });
    }
  }
  return null;
}

/** Bytes 18 and 19: the journal. A database in memory has no write-ahead log. https://sqlite.org/fileformat2.html#file_format_version_numbers */
const JOURNAL_AT = 18;

/** @param image empty for a new one */
export function openImage(image: Buffer): Database.Database {
  if (image.length === 0) return openDatabase(':memory:');
  image.fill(1, JOURNAL_AT, JOURNAL_AT + 2);
  return openDatabase(image);
}

/** One folder at a time: under /proc, where nothing can be created, Node's own `recursive` never returns. */
export function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return;
    throw Object.assign(new Error(`${path} is not a directory.`), { code: 'ENOTDIR' });
  }
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** As much as the smallest write needs, with the files beside the database, bytes. */
const SMALL = 256 * 1024;

/** Whether the disk takes a file beside this one: cheaper than opening it. */
export function takesFiles(path: string): boolean {
  const trial = `${path}-trial`;
  try {
    makeFolder(dirname(path));
    writeFileSync(trial, Buffer.alloc(SMALL), { mode: 0o600 });
    return true;
  } catch {
    return false;
  } finally {
    try {
      rmSync(trial, { force: true });
    } catch {
      // It was never there.
    }
  }
}

/** Whether hardly anything is free: SQLite may call that an error of reading. */
export function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < SMALL;
  } catch {
    return false;
  }
}

/** Tells whether anybody wrote to the file meanwhile. */
export function stamp(path: string): string {
  const of = (file: string) => (existsSync(file) ? `${statSync(file).mtimeMs} ${statSync(file).size}` : '');
  try {
    return `${of(path)} ${of(`${path}-wal`)}`;
  } catch {
    return '';
  }
}

/**
 * Writes what the spare has and the file has not, all or nothing.
 * @param isCopy whether the spare began as a copy of this very file: then what it lacks was deleted, and it knows best
 * @throws what SQLite says
 */
export function writeBack(spare: Database.Database, path: string, isCopy: boolean): void {
  prepare(spare, 'ATTACH ? AS disk').run(path);
  try {
    const all = prepare<[], string>(spare, "SELECT name FROM main.sqlite_schema WHERE type = 'table'").pluck().all();
    spare
      .transaction(() => {
        for (const table of all) writeTable(spare, table, isCopy);
      })
      .immediate();
  } finally {
    prepare(spare, 'DETACH disk').run();
  }
}

function writeTable(spare: Database.Database, table: string, isCopy: boolean): void {
  const keys = prepare<[string], string>(
    spare,
    'SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk',
  ).pluck();
  const key = keys.all(table).join(', ');
  if (isCopy)
    prepare(
      spare,
      `DELETE FROM disk.${table} WHERE (${key}) IN (SELECT ${key} FROM disk.${table} EXCEPT SELECT ${key} FROM main.${table})`,
    ).run();
  const how = isCopy ? 'REPLACE' : 'IGNORE';
  prepare(
    spare,
    `INSERT OR ${how} INTO disk.${table} SELECT * FROM main.${table} EXCEPT SELECT * FROM disk.${table}`,
  ).run();
}
