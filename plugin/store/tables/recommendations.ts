/** The recommended provider of each type and its challenger: what makes the recommendation sticky. */
import { type Db, type Move, prepare } from '../sqlite.js';

export interface Recommendation {
  readonly provider: string;
  /** The provider that led by enough at the end of the last scan. */
  readonly challenger: string | null;
  /** Since when one has, ms since the epoch; left out where none does, or where an earlier version did not note it. */
  readonly leadsSince?: number;
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
export const LEADS_SINCE_SCHEMA = 'ALTER TABLE recommendations ADD COLUMN leads_since INTEGER;';

export interface MovableRecommendations extends RecommendationStore {
  move(move: Move): void;
}

interface Stored extends Pick<Recommendation, 'provider' | 'challenger'> {
  readonly leadsSince: number | null;
}

function toRecommendation(stored: Stored | undefined): Recommendation | null {
  if (!stored) return null;
  const { leadsSince, ...rest } = stored;
  return leadsSince === null ? rest : { ...rest, leadsSince };
}

/** The date stays while the provider does: a new challenger is no new recommendation. */
const PUT = `
  INSERT INTO recommendations (type, provider, challenger, leads_since, since)
  VALUES (@type, @provider, @challenger, @leadsSince, @at)
  ON CONFLICT DO UPDATE SET since = iif(provider = excluded.provider, since, excluded.since),
    provider = excluded.provider, challenger = excluded.challenger, leads_since = excluded.leads_since`;

export function recommendationStore(db: Db, now: () => number): MovableRecommendations {
  const get = prepare<[string], Stored>(
    db,
    'SELECT provider, challenger, leads_since AS leadsSince FROM recommendations WHERE type = ?',
  );
  const since = prepare<[string], number | null>(db, 'SELECT since FROM recommendations WHERE type = ?').pluck();
  const put = prepare(db, PUT);
  const moves = ['since', 'leads_since'].map((column) =>
    prepare<Move>(
      db,
      `UPDATE recommendations SET ${column} = ${column} + @by WHERE ${column} BETWEEN @from AND @until`,
    ),
  );
  const forget = prepare<[string]>(db, 'DELETE FROM recommendations WHERE type = ?');
  return {
    get: (type) => toRecommendation(get.get(type)),
    since: (type) => since.get(type) ?? null,
    put: (type, next) =>
      void (next === null ? forget.run(type) : put.run({ type, leadsSince: null, ...next, at: now() })),
    move: (span) => {
      for (const move of moves) move.run(span);
    },
  };
}
