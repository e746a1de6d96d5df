/** Sessions of the owner's login: when each was last used. */
import type Database from 'better-sqlite3';
import { prepare } from './hold.js';

export interface SessionStore {
  /** `key` is a hash of the cookie's value: the file never holds a usable session. */
  put(key: string, at: number): void;
  /** When the session was last used (ms since the epoch), or null. */
  lastUsed(key: string): number | null;
  remove(key: string): void;
  removeAll(): void;
}

export interface PrunableSessions extends SessionStore {
  /** Forgets the sessions last used before `before` (ms since the epoch); returns how many. */
  prune(before: number): number;
}

export const SESSIONS_SCHEMA = `
  CREATE TABLE sessions (key TEXT PRIMARY KEY, lastUsed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

export function sessionStore(db: Database.Database): PrunableSessions {
  const put = prepare<[string, number]>(db, 'INSERT OR REPLACE INTO sessions (key, lastUsed) VALUES (?, ?)');
  const lastUsed = prepare<[string], number>(db, 'SELECT lastUsed FROM sessions WHERE key = ?').pluck();
  const remove = prepare<[string]>(db, 'DELETE FROM sessions WHERE key = ?');
  const removeAll = prepare<[]>(db, 'DELETE FROM sessions');
  const prune = prepare<[number]>(db, 'DELETE FROM sessions WHERE lastUsed < ?');
  return {
    put: (key, at) => void put.run(key, at),
    lastUsed: (key) => lastUsed.get(key) ?? null,
    remove: (key) => void remove.run(key),
    removeAll: () => void removeAll.run(),
    prune: (before) => prune.run(before).changes,
  };
}
