/** A provider with its score and its place in the list. */
import type { Provider } from './provider.js';
import type { Score } from './score.js';

/** One row of a type's ranked list. */
export interface Ranked extends Score {
  readonly provider: Provider;
  readonly recommended: boolean;
  /** One of two or more that are as good as the best one that may be recommended; true of that one too. */
  readonly asGood: boolean;
  readonly pinned: boolean;
  readonly hidden: boolean;
  /** Round-trip time guessed from Serf's coordinates, ms; only where nothing was ever measured. */
  readonly estimate: number | null;
  /** As it was measured, where the owner's stars have moved the score. */
  readonly unrated?: Unrated;
}

export type Unrated = Pick<Score, 'score' | 'low' | 'high'>;
