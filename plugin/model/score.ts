/** A provider's score, and how its parts add up. */

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
  /** Points lost to this metric; all parts sum to 100 − score, before the owner's stars. */
  readonly lost: number;
  /** Points of `lost` due to failed attempts, and due to knowing too little; the rest was measured. */
  readonly failures: number;
  readonly doubt: number;
  /** Attempts that measured the metric, and what age has left of their weight, 0..1. */
  readonly count: number;
  readonly fresh: number;
}

export type Confidence = 'guess' | 'fair' | 'solid';

/** The path to the node, as pings beside the probes measured it; each null where nothing was measured. */
export interface Path {
  /** Medians, ms. */
  readonly rtt: number | null;
  readonly jitter: number | null;
  /** Share of the pings lost. */
  readonly loss: number | null;
}

/** Lately worse than usual. */
export interface Worse {
  /** Its main time: the metric, since when (ms since the epoch), and the medians since then and before, ms. */
  readonly metric: string;
  readonly since: number;
  readonly today: number;
  readonly usual: number;
}

export interface Score {
  readonly level: Level;
  /** 0..100; null when never attempted, or when the type is not scored. */
  readonly score: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly confidence: Confidence | null;
  /** Why it is 0 or has no score; null where it has one, or was never attempted. */
  readonly reason: Reason | null;
  /** Detail of the failure; a stranger's text. */
  readonly detail: string | null;
  /** Scored at a level that cannot prove the service. */
  readonly unproven: boolean;
  readonly parts: readonly Part[];
  /** The owner's stars; null without any. The parts' lost points minus these sum to 100 − score. */
  readonly rating: Rating | null;
  /** null where the node does not gossip, where nothing is known of the path, or where the gate is closed. */
  readonly path: Path | null;
  /** null where it is as usual, where too little is known of what is usual, and where the gate is closed. */
  readonly worse: Worse | null;
  /** Successful attempts, and all attempts considered. */
  readonly samples: number;
  readonly attempts: number;
  /** Failures in a row up to the newest attempt. */
  readonly failures: number;
  /** Time of the newest attempt, ms since the epoch. */
  readonly measuredAt: number | null;
  /** Facts of the newest answer. */
  readonly facts: Readonly<Record<string, string>>;
}
