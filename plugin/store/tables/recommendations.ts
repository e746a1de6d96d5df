/** The recommended provider of each type and its challenger: what makes the recommendation sticky. */
import { type Db, prepare } from '../sqlite.js';

export interface Recommendation {
  readonly provider: string;
  /** The provider that led by enough at the end of the last scan. */
  readonly challenger: string | null;
}

export interface RecommendationStore {
  get(type: string): Recommendation | null;
  /** null: no provider is recommended any more. */
  put(type: string, recommendation: Recommendation | null): void;
}

export const RECOMMENDATIONS_SCHEMA = `
  CREATE TABLE recommendations (type TEXT PRIMARY KEY, provider TEXT NOT NULL, challenger TEXT) STRICT, WITHOUT ROWID;
`;

export function recommendationStore(db: Db): RecommendationStore {
  const get = prepare<[string], Recommendation>(db, 'SELECT provider, challenger FROM recommendations WHERE type = ?');
  const put = prepare<[string, string, string | null]>(db, 'INSERT OR REPLACE INTO recommendations VALUES (?, ?, ?)');
  const forget = prepare<[string]>(db, 'DELETE FROM recommendations WHERE type = ?');
  return {
    get: (type) => get.get(type) ?? null,
    put: (type, next) => void (next === null ? forget.run(type) : put.run(type, next.provider, next.challenger)),
  };
}
