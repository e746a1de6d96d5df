/** The panel always starts: a damaged file is moved aside; one that is only out of reach is left alone and named. */
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { PanelError } from '../../plugin/model/errors.js';
import { openStore } from '../../plugin/store/index.js';
import { freshPath, opened } from './made.js';

const ASIDE = '.damaged-2026-11-23T12-00-00-000Z';
const PAGE = 4096;

/** A closed database of some pages. */
function filled(): string {
  const path = freshPath();
  const store = openStore(path);
  for (let at = 0; at < 1000; at++) {
    const samples = [{ metric: 'rtt', value: at, method: 'udp' }];
    store.attempts.add({ provider: `p${at % 9}`, type: 't', at, bytes: 1, reason: null, level: 4, samples, facts: {} });
  }
  store.close();
  return path;
}

function overwrite(path: string, offset: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
}

function errorOf(act: () => unknown): PanelError {
  try {
    act();
  } catch (error) {
    return error as PanelError;
  }
  throw new Error('it should have failed');
}

const damages: readonly (readonly [string, (path: string) => void])[] = [
  ['its header overwritten', (path) => overwrite(path, 0, Buffer.alloc(100, 0xa5))],
  ['its end cut off', (path) => truncateSync(path, statSync(path).size - 3 * PAGE)],
  ['an end inside a page', (path) => truncateSync(path, 5 * PAGE + 1234)],
  ['a page of zeros', (path) => overwrite(path, 6 * PAGE, Buffer.alloc(PAGE))],
  ['garbage in place of a database', (path) => writeFileSync(path, Buffer.alloc(50_000, 'not a database '))],
  ['one digit of a row wrong', (path) => overwrite(path, readFileSync(path).lastIndexOf('[["rtt"'), Buffer.from('{'))],
  ['a table missing', (path) => new Database(path).exec('DROP TABLE jobs').close()],
];

describe('a damaged file', () => {
  it.each(damages)('with %s is moved aside, reported, and a new one started', (_, damage) => {
    const path = filled();
    damage(path);
    const damaged = readFileSync(path);
    const store = opened(path);
    expect(store.movedAside).toBe(path + ASIDE);
    expect(readFileSync(path + ASIDE).equals(damaged)).toBe(true);
    expect(store.attempts.recent('t').size).toBe(0);
    store.settings.set('works', 'yes');
    expect(opened(path)).toMatchObject({ movedAside: null });
    expect(opened(path).settings.get('works')).toBe('yes');
  });

  it('leaves no log for the new one to replay', () => {
    const path = filled();
    const writer = openStore(path);
    writer.settings.set('secret', 'old');
    const torn = freshPath();
    for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, torn + suffix);
    writer.close();
    overwrite(torn, 0, Buffer.alloc(100, 0xa5));
    const store = opened(torn);
    expect(store.movedAside).toBe(torn + ASIDE);
    expect(store.settings.get('secret')).toBeNull();
  });

  it('is not an empty file', () => {
    const path = freshPath();
    writeFileSync(path, '');
    expect(opened(path).movedAside).toBeNull();
  });
});

describe('a file that must not be touched', () => {
  it('from a later version is refused with what to do, and stays unchanged', () => {
    const path = filled();
    const db = new Database(path);
    db.pragma('user_version = 99');
    db.close();
    const before = readFileSync(path);
    const error = errorOf(() => openStore(path));
    expect(error).toMatchObject({ code: 'bad-config', message: expect.stringContaining('99') });
    expect(error.hint).toContain('Install that version again');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('in use by another process is named, not moved', () => {
    const path = filled();
    const holder = new Database(path);
    holder.pragma('locking_mode = EXCLUSIVE');
    holder.exec('BEGIN EXCLUSIVE');
    expect(errorOf(() => openStore(path))).toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining('locked'),
    });
    holder.close();
    expect(opened(path)).toMatchObject({ movedAside: null });
  });
});

describe('a place that cannot hold a database', () => {
  const refused = (path: string) =>
    expect(errorOf(() => openStore(path))).toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining(path),
      hint: expect.stringContaining('DATA_DIR'),
    });

  it('is named with what to do where it is below a file', () => {
    const file = freshPath();
    writeFileSync(file, '');
    refused(join(file, 'data', 'panel.sqlite'));
  });

  it('is named with what to do where it is a folder', () => {
    const folder = freshPath();
    mkdirSync(folder);
    refused(folder);
  });

  it('is named with what to do where the file system takes no files, even from root', () => {
    refused('/sys/panel.sqlite');
    refused('/sys/below/panel.sqlite');
  });
});
