/** Small named values: one row each. */
import type { Connection } from '../connection.js';
import { prepare } from '../sqlite.js';

/** The providers that failed at the last look: the one setting that names providers by id. */
export const FAILING = 'failing';

/** Small named values: the owner's password hash, the secret of the form tokens. */
export interface SettingStore {
  get(name: string): string | null;
  /** null deletes the value. */
  set(name: string, value: string | null): void;
  /**
   * Sets it on the disk, or not at all.
   * @throws PanelError, or what SQLite says, where the disk cannot be written
   */
  keep(name: string, value: string): void;
  /** Sets it only where there is none, even if another process does the same. @returns whether it was set */
  add(name: string, value: string): boolean;
}

export const SETTINGS_SCHEMA = `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export function settingStore(db: Connection): SettingStore {
  const get = prepare<[string], string>(db, 'SELECT value FROM settings WHERE name = ?').pluck();
  const put = prepare<[string, string]>(db, 'INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)');
  const add = prepare<[string, string]>(db, 'INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)');
  const forget = prepare<[string]>(db, 'DELETE FROM settings WHERE name = ?');
  return {
    get: (name) => get.get(name) ?? null,
    set: (name, value) => void (value === null ? forget.run(name) : put.run(name, value)),
    keep: (name, value) => void db.keep(() => put.run(name, value)),
    add: (name, value) => add.run(name, value).changes === 1,
  };
}
