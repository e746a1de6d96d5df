/** Attempts: one row per probe run, with what it measured or why it failed, never both. */
import type { Sample } from '../probe/index.js';
import type { Level, Reason } from '../probe/levels.js';

interface Tried {
  readonly provider: string;
  readonly type: string;
  /** When the probe ended, ms since the epoch. */
  readonly at: number;
  /** Bytes on the wire, both ways, as the probe counted them. */
  readonly bytes: number;
}

export interface Answered extends Tried {
  readonly reason: null;
  readonly level: Level;
  /** Empty where the event loop lagged and the times were thrown away. */
  readonly samples: readonly Sample[];
  readonly facts: Readonly<Record<string, string>>;
}

export interface Unanswered extends Tried {
  readonly reason: Reason;
  readonly level: Level;
  readonly detail: string | null;
}

export type Attempt = Answered | Unanswered;

export interface AttemptStore {
  add(attempt: Attempt): void;
  /** The newest attempts of each provider of the type, newest first, at most `limit` each (default 40). */
  recent(type: string, limit?: number): Map<string, Attempt[]>;
  /** Bytes spent by all attempts at or after `since` (ms since the epoch). */
  bytesSince(since: number): number;
}
