/** A statement that the disk refuses in the middle of the run is done in memory, alone or with its whole transaction. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from '../../plugin/store/connection.js';
import { openDatabase, openImage } from '../../plugin/store/spare.js';
import { prepare } from '../../plugin/store/sqlite.js';
import { freshPath } from './made.js';

/** A file that can be made read-only for its connection while that is open. */
function opened() {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());
  const path = freshPath();
  const reopen = () => openDatabase(path);
  const file = reopen();
  file.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT');
  const copy = (image: Buffer | null) => {
    const db = openImage(image ?? Buffer.alloc(0));
    db.exec('CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY) STRICT');
    return db;
  };
  const connection = new Connection(path, file, { copy, reopen });
  onTestFinished(() => connection.close());
  return { connection, path, file, spoil: () => void file.pragma('query_only = 1') };
}

it('goes on in memory, and writes back', () => {
  const { connection, path, spoil } = opened();
  const insert = prepare<[number]>(connection, 'INSERT INTO t VALUES (?)');
  const all = prepare<[], number>(connection, 'SELECT n FROM t ORDER BY n').pluck();
  const three = connection.transaction((first: number) => {
    for (let n = first; n < first + 3; n++) insert.run(n);
    return all.all();
  });
  insert.run(1);
  spoil();
  expect(three.immediate(10)).toEqual([1, 10, 11, 12]);
  expect(connection.unkept).toMatchObject({ code: 'disk-unwritable' });
  insert.run(2);
  expect(() => insert.run(2)).toThrow(/UNIQUE/);
  expect(all.all()).toEqual([1, 2, 10, 11, 12]);
  const disk = openDatabase(path);
  onTestFinished(() => void disk.close());
  expect(disk.prepare('SELECT count(*) FROM t').pluck().get()).toBe(1);
  expect(connection.keep(() => insert.run(3)).changes).toBe(1);
  expect(connection.unkept).toBeNull();
  expect(disk.prepare('SELECT n FROM t ORDER BY n').pluck().all()).toEqual([1, 2, 3, 10, 11, 12]);
});

it('does nothing in memory that is to be kept', () => {
  const { connection, spoil } = opened();
  const insert = prepare<[number]>(connection, 'INSERT INTO t VALUES (?)');
  spoil();
  expect(() => connection.keep(() => insert.run(1))).toThrow(/readonly/);
  expect(connection.unkept).not.toBeNull();
  expect(prepare<[], number>(connection, 'SELECT count(*) FROM t').pluck().get()).toBe(0);
});

it('begins anew in memory where the disk cannot even be read, and keeps both afterwards', () => {
  const { connection, path, spoil, file } = opened();
  const insert = prepare<[number]>(connection, 'INSERT INTO t VALUES (?)');
  const count = prepare<[], number>(connection, 'SELECT count(*) FROM t').pluck();
  insert.run(1);
  file.serialize = () => {
    throw new Error('disk I/O error');
  };
  spoil();
  insert.run(2);
  expect(count.get()).toBe(1);
  connection.keep(() => insert.run(3));
  expect(count.get()).toBe(3);
  const disk = openDatabase(path);
  onTestFinished(() => void disk.close());
  expect(disk.prepare('SELECT n FROM t ORDER BY n').pluck().all()).toEqual([1, 2, 3]);
});

it('leaves alone what is no fault of the disk', () => {
  const { connection } = opened();
  const broken = connection.transaction(() => prepare(connection, 'INSERT INTO t VALUES (?)').run('x'));
  expect(() => broken()).toThrow(/datatype/);
  expect(connection.unkept).toBeNull();
});
