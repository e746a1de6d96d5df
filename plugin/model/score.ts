/** What a score says of a provider, and how its parts add up. */

import type { Level, Reason } from './level.js';
import type { Rating } from './rating.js';

export interface Part {
  readonly metric: string;
  /** Median of the measured values in the metric's unit; null where nothing was measured. */
  readonly value: number | null;
  readonly unit: string | null;
  /** 0..1; null where the type is not scored. */
  readonly mark: number | null;
  readonly weight: number;
  /** Points lost to this metric; over all parts they sum to 100 − score, before the owner's stars. */
  readonly lost: number;
  /** Points of `lost` that went for attempts that failed, and for knowing too little; the rest was measured. */
  readonly failures: number;
  readonly doubt: number;
  /** Attempts that tell of the metric, and what age has left of their weight, 0..1. */
  readonly count: number;
  readonly fresh: number;
}

export type Confidence = 'guess' | 'fair' | 'solid';

/** What pings beside the probes say of the path to the node; each null where nothing was measured. */
export interface Path {
  /** Medians, ms. */
  readonly rtt: number | null;
  readonly jitter: number | null;
  /** Share of the pings lost. */
  readonly loss: number | null;
}

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
  /** The owner's own stars; null where none were given. The parts' lost points less these sum to 100 − score. */
  readonly rating: Rating | null;
  /** null where the node does not gossip, or nothing of it is known, or the gate is closed. */
  readonly path: Path | null;
  /** Attempts that answered, and all attempts looked at. */
  readonly samples: number;
  readonly attempts: number;
  /** Failures in a row up to the newest attempt. */
  readonly failures: number;
  /** Newest attempt, ms since the epoch. */
  readonly measuredAt: number | null;
  /** Facts of the newest answer. */
  readonly facts: Readonly<Record<string, string>>;
}
