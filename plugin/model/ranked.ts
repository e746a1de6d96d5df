/** A provider with its score and its place in the list. */
import type { Provider } from './provider.js';
import type { Score } from './score.js';

/** One row of a type's ranked list. */
export interface Ranked extends Score {
  readonly provider: Provider;
  readonly recommended: boolean;
  /** As good as the best recommendable provider, where at least two are; true of that one too. */
  readonly asGood: boolean;
  readonly pinned: boolean;
  readonly hidden: boolean;
  /** The owner wants it recommended only where no other provider may be. */
  readonly reserve: boolean;
  /** Round-trip time estimated from Serf's coordinates, ms; only where nothing was ever measured. */
  readonly estimate: number | null;
  /**
   * How far it is as the network's routing daemon counts, of which only the order means something; only where nothing was
   * ever measured, and the daemon knows a way.
   */
  readonly distance?: number;
  /** What neighbours' experience lets expect of it, 0..1; only where nothing was ever measured here. */
  readonly expected?: number;
  /** Led the recommended one by enough at the end of the last scan, and gets the badge if it does so once more. */
  readonly challenger?: boolean;
  /** The measured score, where the owner's stars moved it. */
  readonly unrated?: Unrated;
}

export type Unrated = Pick<Score, 'score' | 'low' | 'high'>;
