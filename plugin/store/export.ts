/** All raw attempts in order of time, for programs that compute with them elsewhere. */
import type { Attempt } from '../model/attempt.js';
import { COLUMNS, decoder, type Row } from './rows.js';
import { type Db, prepare } from './sqlite.js';
import { KEY } from './tables/providers.js';

/** Attempts read at once. Between two pages the database is free: a slow reader of the export delays no scan. */
const PAGE = 200;

/** The order of the index by time; two attempts of the same millisecond are told apart by the rest of it. */
const PAGE_AFTER = `
  SELECT provider, ifnull((SELECT id FROM providers WHERE type = @type AND key = attempts.provider), provider), nth,
    ${COLUMNS} FROM attempts INDEXED BY attempts_by_time
  WHERE type = @type AND (@provider IS NULL OR provider = ${KEY})
    AND (at, bytes, type, provider, nth) > (@at, @bytes, @type, @after, @nth)
  ORDER BY at, bytes, type, provider, nth LIMIT ${PAGE}`;

interface Cursor {
  readonly at: number;
  readonly bytes: number;
  readonly after: string;
  readonly nth: number;
}
const START: Cursor = { at: Number.MIN_SAFE_INTEGER, bytes: 0, after: '', nth: 0 };

export type ExportRows = (type: string, provider: string | null) => Iterable<Attempt>;

export function exporter(db: Db): ExportRows {
  const pageAfter = prepare<Cursor & { type: string; provider: string | null }, [string, string, number, ...Row]>(
    db,
    PAGE_AFTER,
  ).raw();
  return function* (type, provider) {
    const decode = decoder(type);
    for (let cursor: Cursor | null = START; cursor !== null; ) {
      const rows: [string, string, number, ...Row][] = pageAfter.all({ type, provider, ...cursor });
      cursor = null;
      for (const [after, id, nth, ...row] of rows) {
        yield decode(id, row);
        cursor = { at: row[0], bytes: row[1], after, nth };
      }
    }
  };
}
