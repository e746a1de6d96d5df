/** The outcome of one attempt at a provider, as stored. */

import type { Level, Reason } from './level.js';
import type { Sample } from './sample.js';

export interface AttemptBase {
  readonly provider: string;
  readonly type: string;
  /** When the probe ended, ms since the epoch. */
  readonly at: number;
  /** Bytes on the wire, both ways, as the probe counted them. */
  readonly bytes: number;
}

export interface Answered extends AttemptBase {
  readonly reason: null;
  readonly level: Level;
  /** Empty where the event loop lagged and the times were discarded. */
  readonly samples: readonly Sample[];
  readonly facts: Readonly<Record<string, string>>;
}

export interface Unanswered extends AttemptBase {
  readonly reason: Reason;
  readonly level: Level;
  readonly detail: string | null;
}

export type Attempt = Answered | Unanswered;
