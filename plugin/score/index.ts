/** The score: pure, without input or output and without a clock. Attempts in, a number with its reasons out. */
import type { Level, Reason } from '../probe/levels.js';

export interface Part {
  readonly metric: string;
  /** Median of the measured values in the metric's unit; null where nothing was measured. */
  readonly value: number | null;
  readonly unit: string | null;
  /** 0..1; null where the type is not scored. */
  readonly mark: number | null;
  readonly weight: number;
  /** Points lost to this metric; over all parts they sum to 100 − score. */
  readonly lost: number;
}

export type Confidence = 'guess' | 'fair' | 'solid';

export interface Score {
  readonly level: Level;
  /** 0..100; null when never tried, or when the type is not scored. */
  readonly score: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly confidence: Confidence | null;
  /** Why it is 0 or has no score; null where it simply has one, or was never tried. */
  readonly reason: Reason | null;
  /** What was seen at the failure; a stranger's text. */
  readonly detail: string | null;
  /** Scored at a level that cannot prove the service. */
  readonly unproven: boolean;
  readonly parts: readonly Part[];
  /** Attempts that answered, and all attempts looked at. */
  readonly samples: number;
  readonly attempts: number;
  /** Newest attempt, ms since the epoch. */
  readonly measuredAt: number | null;
  /** Facts of the newest answer. */
  readonly facts: Readonly<Record<string, string>>;
}
