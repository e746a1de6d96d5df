/** A past that was made up, for a demo: taken in as a whole, where nothing was ever measured. */
import type { Attempt } from '../model/attempt.js';
import type { Db } from './sqlite.js';
import type { AttemptStore } from './tables/attempts.js';
import type { DayRow, PrunableHistory } from './tables/history.js';
import type { PrunableOwn } from './tables/own.js';
import type { RecommendationStore } from './tables/recommendations.js';

export interface Past {
  readonly attempts: readonly Attempt[];
  /** Of providers that have attempts. */
  readonly days: readonly (DayRow & { readonly type: string; readonly provider: string })[];
  /** On which the panel ran all day, days since the epoch. */
  readonly own: readonly number[];
  /** The provider to recommend, by type. */
  readonly recommended: ReadonlyMap<string, string>;
}

interface Tables {
  readonly attempts: Pick<AttemptStore, 'add'>;
  readonly history: Pick<PrunableHistory, 'put'>;
  readonly own: Pick<PrunableOwn, 'put'>;
  readonly recommendations: Pick<RecommendationStore, 'put'>;
}

/** One commit, or else a slow disk would make the start wait. */
export function filler(db: Db, { attempts, history, own, recommendations }: Tables): (past: Past) => void {
  return db.transaction((past: Past) => {
    for (const attempt of past.attempts) attempts.add(attempt);
    for (const day of past.days) history.put(day);
    for (const day of past.own) own.put(day);
    for (const [type, provider] of past.recommended) recommendations.put(type, { provider, challenger: null });
  }).immediate;
}
