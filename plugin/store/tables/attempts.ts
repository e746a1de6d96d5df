/** Attempts: one row per probe run, with what it measured or why it failed, never both. */
import type Database from 'better-sqlite3';
import type { Attempt } from '../../model/attempt.js';
import { COLUMNS, decoder, type Row, rowOf } from '../rows.js';
import { prepare } from '../sqlite.js';
import type { Watcher, Watchers } from '../watch.js';
import { KEY, type ProviderKeys } from './providers.js';

export interface AttemptStore {
  add(attempt: Attempt): void;
  /** The provider's newest attempts, newest first. Read from the file each time: whoever needs it often keeps it. */
  of(type: string, provider: string, limit?: number): Attempt[];
  /** The same of every provider of the type that was ever tried. */
  recent(type: string, limit?: number): Map<string, Attempt[]>;
  /**
   * For a cache: each call of the result tells which providers got an attempt, or lost an old one, since its last call.
   * `all` the first time and after another process wrote. Lives as long as the store.
   */
  watch(): Watcher;
  /** Bytes spent by all attempts from `since` to `until`, both included (ms since the epoch): 3 ms for 20,000 of them. */
  bytesBetween(since: number, until: number): number;
  /** What this process has added, and what of it answered. */
  readonly added: { readonly attempts: number; readonly answered: number; readonly bytes: number };
}

export interface PrunableAttempts extends AttemptStore {
  /** Deletes at most `limit` attempts older than `before` (ms since the epoch), oldest first; returns how many. */
  prune(before: number, limit: number): number;
}

/**
 * `provider` is its key (see ids.ts). Rows lie by provider and time, so that a list reads neighbouring pages and an insert dirties few of them; the index by
 * time serves the byte budget and the pruning. Of two attempts of one provider in the same millisecond both are kept.
 * The check at opening holds every row against the constraints again, and so finds damage inside a row.
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
 * Whatever is dated later than now was dated by a clock that has been set back since. It goes before what is new, all
 * together, as if it had ended a minute before, and so not in the same hiccup: else it would pass for the newest until
 * the clock has caught up. `nth` keeps it apart from what is there already.
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
  WHERE type = @type AND provider = ${KEY} ORDER BY at DESC, nth DESC LIMIT @limit`;

const PRUNE = `
  DELETE FROM attempts WHERE (type, provider, at, nth) IN
    (SELECT type, provider, at, nth FROM attempts WHERE at < ? ORDER BY at LIMIT ?)
  RETURNING type, provider`;

/** Attempts that the score looks at. */
const SCORED = 40;

export function attemptStore(
  db: Database.Database,
  now: () => number,
  keys: ProviderKeys,
  { watch, touched }: Watchers,
): PrunableAttempts {
  const insert = prepare(db, ADD);
  const setBack = prepare<{ type: string; provider: string; at: number; now: number }>(db, SET_BACK);
  const providers = prepare<{ type: string }, string>(db, PROVIDERS).pluck();
  const rows = prepare<{ type: string; provider: string; limit: number }, Row>(db, RECENT).raw();
  const bytes = prepare<[number, number], number>(db, 'SELECT total(bytes) FROM attempts WHERE at BETWEEN ? AND ?');
  const bytesBetween = bytes.pluck();
  const prune = prepare<[number, number], [type: string, key: string]>(db, PRUNE).raw();
  const sums = { attempts: 0, answered: 0, bytes: 0 };

  function of(type: string, provider: string, limit = SCORED): Attempt[] {
    const decode = decoder(type);
    return rows.all({ type, provider, limit }).map((row) => decode(provider, row));
  }

  // Of a new provider all or nothing: a key without rows would never be forgotten.
  const add = db.transaction((row: ReturnType<typeof rowOf>) => {
    const { type, provider, at } = row;
    keys.add(type, provider);
    setBack.run({ type, provider, at, now: now() });
    insert.run(row);
  });
  const pruneSome = db.transaction((before: number, limit: number) => {
    const gone = prune.all(before, limit);
    return { count: gone.length, providers: keys.sweep(gone) };
  });

  return {
    of,
    recent: (type, limit) => new Map(providers.all({ type }).map((provider) => [provider, of(type, provider, limit)])),
    watch,
    add: (attempt) => {
      add.immediate(rowOf(attempt));
      sums.attempts++;
      sums.answered += attempt.reason === null ? 1 : 0;
      sums.bytes += attempt.bytes;
      touched(attempt.type, attempt.provider);
    },
    bytesBetween: (since, until) => bytesBetween.get(since, until) ?? 0,
    added: sums,
    prune: (before, limit) => {
      const { count, providers } = pruneSome.immediate(before, limit);
      // Not all: once a panel is a month old, something goes after every scan.
      for (const { type, id } of providers) touched(type, id);
      return count;
    },
  };
}
