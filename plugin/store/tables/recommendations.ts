/** The recommended provider of each type and its challenger: what makes the recommendation sticky. */
import { type Db, type Move, prepare } from '../sqlite.js';

export interface Recommendation {
  readonly provider: string;
  /** The provider that led by enough at the end of the last scan. */
  readonly challenger: string | null;
}

export interface RecommendationStore {
  get(type: string): Recommendation | null;
  /** Since when it is that provider, ms since the epoch; null where none is, or where an earlier version did not note it. */
  since(type: string): number | null;
  /** null: no provider is recommended any more. */
  put(type: string, recommendation: Recommendation | null): void;
}

export const RECOMMENDATIONS_SCHEMA = `
  CREATE TABLE recommendations (type TEXT PRIMARY KEY, provider TEXT NOT NULL, challenger TEXT) STRICT, WITHOUT ROWID;
`;

export const SINCE_SCHEMA = 'ALTER TABLE recommendations ADD COLUMN since INTEGER;';

export interface MovableRecommendations extends RecommendationStore {
  move(move: Move): void;
}

/** The date stays while the provider does: a new challenger is no new recommendation. */
const PUT = `
  INSERT INTO recommendations (type, provider, challenger, since) VALUES (@type, @provider, @challenger, @at)
  ON CONFLICT DO UPDATE SET since = iif(provider = excluded.provider, since, excluded.since),
    provider = excluded.provider, challenger = excluded.challenger`;

export function recommendationStore(db: Db, now: () => number): MovableRecommendations {
  const get = prepare<[string], Recommendation>(db, 'SELECT provider, challenger FROM recommendations WHERE type = ?');
  const since = prepare<[string], number | null>(db, 'SELECT since FROM recommendations WHERE type = ?').pluck();
  const put = prepare(db, PUT);
  const move = prepare<Move>(db, 'UPDATE recommendations SET since = since + @by WHERE since BETWEEN @from AND @until');
  const forget = prepare<[string]>(db, 'DELETE FROM recommendations WHERE type = ?');
  return {
    get: (type) => get.get(type) ?? null,
    since: (type) => since.get(type) ?? null,
    put: (type, next) => void (next === null ? forget.run(type) : put.run({ type, ...next, at: now() })),
    move: (span) => void move.run(span),
  };
}
