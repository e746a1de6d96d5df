/** What the panel remembers: one SQLite file, opened with a check, migrated forward only. */
import type { Job } from '../jobs.js';
import type { AttemptStore } from './attempts.js';

export interface JobStore {
  /** Inserts or replaces. */
  put(job: Job): void;
  get(id: string): Job | null;
  /** Jobs left `running` by a process that died become `failed`. Called once at start. */
  closeOrphans(): void;
}

export interface SessionStore {
  /** `key` is a hash of the cookie's value: the file never holds a usable session. */
  put(key: string, at: number): void;
  /** When the session was last used (ms since the epoch), or null. */
  lastUsed(key: string): number | null;
  remove(key: string): void;
  removeAll(): void;
}

/** Small named values: the owner's password hash, the secret of the form tokens. */
export interface SettingStore {
  get(name: string): string | null;
  set(name: string, value: string | null): void;
}

export interface Store {
  readonly attempts: AttemptStore;
  readonly jobs: JobStore;
  readonly sessions: SessionStore;
  readonly settings: SettingStore;
  /** Where a damaged file was moved at opening; null when all was well. */
  readonly movedAside: string | null;
  /** Returns once everything written so far survives a power cut. Costs a disk flush: never inside a timed span. */
  flush(): void;
  close(): void;
}
