/** Attempts: one row per probe run, with what it measured or why it failed, never both. */
import type { Attempt } from '../../model/attempt.js';
import { COLUMNS, decoder, type Row, toRow } from '../rows.js';
import { type Db, type Move, prepare } from '../sqlite.js';
import type { Watcher, Watchers } from '../watch.js';
import { KEY, type ProviderKeys } from './providers.js';

export interface AttemptStore {
  add(attempt: Attempt): void;
  /** The provider's newest attempts (since `since`, ms since the epoch), newest first. Reads the file each time: cache the result where it is needed often. */
  of(type: string, provider: string, limit?: number, since?: number): Attempt[];
  /** The same, for every provider of the type that was ever tried. */
  recent(type: string, limit?: number): Map<string, Attempt[]>;
  /**
   * For a cache: each call of the result tells which providers gained an attempt, or lost an old one, since its last call;
   * `all` the first time, and after another process wrote. Lives as long as the store.
   */
  watch(): Watcher;
  /** Bytes spent by all attempts from `since` to `until`, both included (ms since the epoch): 3 ms for 20,000 of them. */
  bytesBetween(since: number, until: number): number;
  /** Attempts that this process has added, and how many were answered. */
  readonly added: { readonly attempts: number; readonly answered: number; readonly bytes: number };
}

export interface PrunableAttempts extends AttemptStore {
  /** Deletes at most `limit` attempts older than `before` (ms since the epoch), oldest first; returns how many. */
  prune(before: number, limit: number): number;
  move(move: Move): void;
  /** Date of the newest attempt before `before`, ms since the epoch; null where there is none. */
  latest(before: number): number | null;
}

/**
 * `provider` is its key (see providers.ts). Rows are ordered by provider and time, so that a list reads neighbouring pages
 * and an insert dirties few of them; the index by time serves the byte budget and the pruning. `nth` tells apart two attempts
 * of one provider in the same millisecond. The check at opening tests every row against the constraints again, and so finds
 * damage inside a row.
 */
export const ATTEMPTS_SCHEMA = `
  CREATE TABLE attempts (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 5),
    reason TEXT,
    detail TEXT,
    samples TEXT,
    facts TEXT,
    PRIMARY KEY (type, provider, at, nth),
    CONSTRAINT failure_has_no_numbers CHECK ((reason IS NULL) = (samples IS NOT NULL)),
    CONSTRAINT failure_has_no_facts CHECK ((reason IS NULL) = (facts IS NOT NULL)),
    CONSTRAINT success_has_no_detail CHECK (reason IS NOT NULL OR detail IS NULL),
    CONSTRAINT json_is_whole CHECK (json_valid(samples) AND json_valid(facts))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_by_time ON attempts (at, bytes);
`;

const ADD = `
  INSERT INTO attempts (type, provider, at, nth, bytes, level, reason, detail, samples, facts)
  SELECT @type, ${KEY}, @at, count(*), @bytes, @level, @reason, @detail, @samples, @facts
  FROM attempts WHERE type = @type AND provider = ${KEY} AND at = @at`;

/**
 * Rows dated later than now come from a clock that has been set back since. They move before the new row, all together, as
 * if they had ended a minute earlier (and so not in the same outage): else they would count as the newest until the clock
 * catches up. `nth` keeps them apart from the rows already there.
 */
const SET_BACK = `
  UPDATE attempts SET
    at = at + @at - 60000 - (SELECT max(at) FROM attempts WHERE type = @type AND provider = ${KEY}),
    nth = nth + (SELECT count(*) FROM attempts WHERE type = @type AND provider = ${KEY})
  WHERE type = @type AND provider = ${KEY} AND at > @now`;

/** Hops from one provider of the type to the next, instead of reading all their rows. */
const PROVIDERS = `
  WITH RECURSIVE seen(provider) AS (
    SELECT min(provider) FROM attempts WHERE type = @type
    UNION ALL
    SELECT (SELECT min(provider) FROM attempts WHERE type = @type AND provider > seen.provider)
    FROM seen WHERE provider IS NOT NULL
  ) SELECT ifnull((SELECT id FROM providers WHERE type = @type AND key = provider), provider)
  FROM seen WHERE provider IS NOT NULL`;

const RECENT = `
  SELECT ${COLUMNS} FROM attempts
  WHERE type = @type AND provider = ${KEY} AND at >= @since ORDER BY at DESC, nth DESC LIMIT @limit`;

const PRUNE = `
  DELETE FROM attempts WHERE (type, provider, at, nth) IN
    (SELECT type, provider, at, nth FROM attempts WHERE at < ? ORDER BY at LIMIT ?)
  RETURNING type, provider`;

/** `nth` keeps them apart from those that are there already. */
const MOVE = `
  UPDATE attempts SET at = at + @by, nth = nth + 1 + (SELECT max(nth) FROM attempts) WHERE at BETWEEN @from AND @until`;

/** Attempts that the score looks at. */
const SCORED = 40;

export function attemptStore(
  db: Db,
  now: () => number,
  keys: ProviderKeys,
  { watch, touched, touchedAll }: Watchers,
): PrunableAttempts {
  const insert = prepare(db, ADD);
  const setBack = prepare<{ type: string; provider: string; at: number; now: number }>(db, SET_BACK);
  const providers = prepare<{ type: string }, string>(db, PROVIDERS).pluck();
  const rows = prepare<{ type: string; provider: string; limit: number; since: number }, Row>(db, RECENT).raw();
  const bytes = prepare<[number, number], number>(db, 'SELECT total(bytes) FROM attempts WHERE at BETWEEN ? AND ?');
  const bytesBetween = bytes.pluck();
  const prune = prepare<[number, number], [type: string, key: string]>(db, PRUNE).raw();
  const move = prepare<Move>(db, MOVE);
  const latest = prepare<[number], number | null>(db, 'SELECT max(at) FROM attempts WHERE at < ?').pluck();
  const added = { attempts: 0, answered: 0, bytes: 0 };

  function of(type: string, provider: string, limit = SCORED, since = 0): Attempt[] {
    const decode = decoder(type);
    return rows.all({ type, provider, limit, since }).map((row) => decode(provider, row));
  }

  // All or nothing: a key without rows would never be deleted.
  const add = db.transaction((row: ReturnType<typeof toRow>) => {
    const { type, provider, at } = row;
    keys.add(type, provider);
    setBack.run({ type, provider, at, now: now() });
    insert.run(row);
  });
  const pruneSome = db.transaction((before: number, limit: number) => {
    const deleted = prune.all(before, limit);
    return { count: deleted.length, providers: keys.sweep(deleted) };
  });

  return {
    of,
    recent: (type, limit) => new Map(providers.all({ type }).map((provider) => [provider, of(type, provider, limit)])),
    watch,
    add: (attempt) => {
      add.immediate(toRow(attempt));
      added.attempts++;
      added.answered += attempt.reason === null ? 1 : 0;
      added.bytes += attempt.bytes;
      touched(attempt.type, attempt.provider);
    },
    bytesBetween: (since, until) => bytesBetween.get(since, until) ?? 0,
    added,
    prune: (before, limit) => {
      const { count, providers } = pruneSome.immediate(before, limit);
      // Not `all`: once a panel is a month old, something is pruned after every scan.
      for (const { type, id } of providers) touched(type, id);
      return count;
    },
    move: (span) => {
      if (move.run(span).changes > 0) touchedAll();
    },
    latest: (before) => latest.get(before) ?? null,
  };
}
