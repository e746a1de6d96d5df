/** Sessions of the owner: one row per login. */
import { type Db, type Move, prepare } from '../sqlite.js';

/** Times in ms since the epoch. */
export interface Session {
  /** When the owner logged in. */
  readonly since: number;
  /** When the owner last used it. */
  readonly used: number;
}

export interface SessionStore {
  /** `key` is a hash of the cookie's value: the file never holds a usable session. */
  put(key: string, session: Session): void;
  get(key: string): Session | null;
  remove(key: string): void;
  removeAll(): void;
}

export interface PrunableSessions extends SessionStore {
  /** Deletes the sessions last used before `before` (ms since the epoch); returns how many. */
  prune(before: number): number;
  move(move: Move): void;
  /** The latest use before `before`, ms since the epoch; null where there is none. */
  latest(before: number): number | null;
}

const MOVE = `
  UPDATE sessions SET since = since + iif(since BETWEEN @from AND @until, @by, 0),
    used = used + iif(used BETWEEN @from AND @until, @by, 0)`;

/** As in the first shape of the file. */
export const SESSIONS_SCHEMA = `
  CREATE TABLE sessions (key TEXT PRIMARY KEY, lastUsed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * Version 0.1.0 gave a login a new key every hour: `login` tied its rows together, `replaced` said when a key gave way to
 * the next. Such a key is no longer valid. The rows of the first shape name no login, so their owners log in again.
 */
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

export function sessionStore(db: Db): PrunableSessions {
  const put = prepare<Session & { key: string }>(
    db,
    'INSERT OR REPLACE INTO sessions (key, login, since, used) VALUES (@key, @key, @since, @used)',
  );
  const get = prepare<[string], Session>(db, 'SELECT since, used FROM sessions WHERE key = ? AND replaced IS NULL');
  const remove = prepare<[string]>(db, 'DELETE FROM sessions WHERE key = ?');
  const removeAll = prepare<[]>(db, 'DELETE FROM sessions');
  const prune = prepare<[number]>(db, 'DELETE FROM sessions WHERE used < ?');
  const move = prepare<Move>(db, MOVE);
  const latest = prepare<[number], number | null>(db, 'SELECT max(used) FROM sessions WHERE used < ?').pluck();
  return {
    put: (key, session) => void put.run({ key, ...session }),
    get: (key) => get.get(key) ?? null,
    remove: (key) => void remove.run(key),
    removeAll: () => void removeAll.run(),
    prune: (before) => prune.run(before).changes,
    move: (span) => void move.run(span),
    latest: (before) => latest.get(before) ?? null,
  };
}
