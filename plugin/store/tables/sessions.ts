/** Sessions of the owner's login: one row for each value that the cookie of a login has had. */
import type Database from 'better-sqlite3';
import { prepare } from '../sqlite.js';

/** One value of a login's cookie. Times in ms since the epoch. */
export interface Session {
  /** What all values of one login share. */
  readonly login: string;
  /** When the owner logged in. */
  readonly since: number;
  /** When the owner last did something with this value. */
  readonly used: number;
  /** When another value took its place; null while none has. */
  readonly replaced: number | null;
}

export interface SessionStore {
  /** `key` is a hash of the cookie's value: the file never holds a usable session. */
  put(key: string, session: Session): void;
  get(key: string): Session | null;
  /** Forgets every value of the login. */
  remove(login: string): void;
  removeAll(): void;
}

export interface PrunableSessions extends SessionStore {
  /** Forgets the values last used before `before` (ms since the epoch); returns how many. */
  prune(before: number): number;
}

/** As it was in the first shape of the file. */
export const SESSIONS_SCHEMA = `
  CREATE TABLE sessions (key TEXT PRIMARY KEY, lastUsed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** The rows before it do not tell their login: whoever had logged in does so once more. */
export const LOGINS_SCHEMA = `
  DROP TABLE sessions;
  CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    login TEXT NOT NULL,
    since INTEGER NOT NULL,
    used INTEGER NOT NULL,
    replaced INTEGER
  ) STRICT, WITHOUT ROWID;
`;

export function sessionStore(db: Database.Database): PrunableSessions {
  const put = prepare<Session & { key: string }>(
    db,
    'INSERT OR REPLACE INTO sessions VALUES (@key, @login, @since, @used, @replaced)',
  );
  const get = prepare<[string], Session>(db, 'SELECT login, since, used, replaced FROM sessions WHERE key = ?');
  const remove = prepare<[string]>(db, 'DELETE FROM sessions WHERE login = ?');
  const removeAll = prepare<[]>(db, 'DELETE FROM sessions');
  const prune = prepare<[number]>(db, 'DELETE FROM sessions WHERE used < ?');
  return {
    put: (key, session) => void put.run({ key, ...session }),
    get: (key) => get.get(key) ?? null,
    remove: (login) => void remove.run(login),
    removeAll: () => void removeAll.run(),
    prune: (before) => prune.run(before).changes,
  };
}
