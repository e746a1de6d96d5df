/** Attempts: one row per probe run, with what it measured or why it failed, never both. */
import type Database from 'better-sqlite3';
import type { Sample } from '../probe/index.js';
import type { Level, Reason } from '../probe/levels.js';
import { prepare } from './hold.js';

interface Tried {
  readonly provider: string;
  readonly type: string;
  /** When the probe ended, ms since the epoch. */
  readonly at: number;
  /** Bytes on the wire, both ways, as the probe counted them. */
  readonly bytes: number;
}

export interface Answered extends Tried {
  readonly reason: null;
  readonly level: Level;
  /** Empty where the event loop lagged and the times were thrown away. */
  readonly samples: readonly Sample[];
  readonly facts: Readonly<Record<string, string>>;
}

export interface Unanswered extends Tried {
  readonly reason: Reason;
  readonly level: Level;
  readonly detail: string | null;
}

export type Attempt = Answered | Unanswered;

export interface AttemptStore {
  add(attempt: Attempt): void;
  /**
   * The newest attempts of each provider of the type, newest first, at most `limit` each (default 40). With the default,
   * a provider's list is the same array as before until one of its attempts is added.
   */
  recent(type: string, limit?: number): Map<string, Attempt[]>;
  /** Bytes spent by all attempts at or after `since` (ms since the epoch). */
  bytesSince(since: number): number;
}

export interface PrunableAttempts extends AttemptStore {
  /** Deletes at most `limit` attempts older than `before` (ms since the epoch), oldest first; returns how many. */
  prune(before: number, limit: number): number;
}

/**
 * Rows lie by provider and time, so that a list reads neighbouring pages and an insert dirties few of them; the index by
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
  SELECT @type, @provider, @at, count(*), @bytes, @level, @reason, @detail, @samples, @facts
  FROM attempts WHERE type = @type AND provider = @provider AND at = @at`;

/** Hops from one provider of the type to the next, instead of reading all their rows. */
const PROVIDERS = `
  WITH RECURSIVE seen(provider) AS (
    SELECT min(provider) FROM attempts WHERE type = @type
    UNION ALL
    SELECT (SELECT min(provider) FROM attempts WHERE type = @type AND provider > seen.provider)
    FROM seen WHERE provider IS NOT NULL
  ) SELECT provider FROM seen WHERE provider IS NOT NULL`;

const RECENT = `
  SELECT at, bytes, level, reason, detail, samples, facts FROM attempts
  WHERE type = ? AND provider = ? ORDER BY at DESC, nth DESC LIMIT ?`;

const PRUNE = `
  DELETE FROM attempts WHERE (type, provider, at, nth) IN
    (SELECT type, provider, at, nth FROM attempts WHERE at < ? ORDER BY at LIMIT ?)`;

/** `samples` as [metric, value, method] triples: the names of the fields are not worth storing a million times. */
type Row = [at: number, bytes: number, level: Level, reason: Reason | null, detail: string | null, ...json: string[]];
type Triple = [metric: string, value: number, method: string];

/** Attempts that the score looks at; lists of this length are kept. */
const SCORED = 40;

/** The lists of one type as last read, and the providers that have got an attempt since. */
interface Kept {
  readonly lists: Map<string, Attempt[]>;
  readonly outdated: Set<string>;
}

export function attemptStore(db: Database.Database): PrunableAttempts {
  const insert = prepare(db, ADD);
  const bytesSince = prepare<[number], number>(db, 'SELECT total(bytes) FROM attempts WHERE at >= ?').pluck();
  const prune = prepare<[number, number]>(db, PRUNE);
  const { listsOf, listOf } = reader(db);
  // Changes when another process commits, never by our own commits: https://sqlite.org/pragma.html#pragma_data_version
  const foreignVersion = prepare<[], number>(db, 'PRAGMA data_version').pluck();
  let seenVersion = foreignVersion.get();
  const kept = new Map<string, Kept>();

  /** A page asks every second during a scan: it costs only the providers that changed, not 40 rows of each. */
  function recent(type: string, limit = SCORED): Map<string, Attempt[]> {
    if (limit !== SCORED) return listsOf(type, limit);
    const version = foreignVersion.get();
    if (version !== seenVersion) kept.clear();
    seenVersion = version;
    const { lists, outdated } = kept.get(type) ?? { lists: listsOf(type, SCORED), outdated: new Set() };
    for (const provider of outdated) lists.set(provider, listOf(type, provider, SCORED));
    if (lists.size > 0) kept.set(type, { lists, outdated: new Set() });
    return new Map(lists);
  }

  return {
    recent,
    add: (attempt) => {
      insert.run(rowOf(attempt));
      kept.get(attempt.type)?.outdated.add(attempt.provider);
    },
    bytesSince: (since) => bytesSince.get(since) ?? 0,
    prune: (before, limit) => {
      kept.clear();
      return prune.run(before, limit).changes;
    },
  };
}

function reader(db: Database.Database) {
  const providers = prepare<{ type: string }, string>(db, PROVIDERS).pluck();
  const rows = prepare<[string, string, number], Row>(db, RECENT).raw();
  const listOf = (type: string, provider: string, limit: number) =>
    rows.all(type, provider, limit).map(decoder(type, provider));
  const listsOf = (type: string, limit: number) =>
    new Map(providers.all({ type }).map((provider) => [provider, listOf(type, provider, limit)]));
  return { listOf, listsOf };
}

/** @throws RangeError for a sample that is no measurement: a prober's mistake, which must not reach a score. */
function rowOf(attempt: Attempt) {
  const { type, provider, at, bytes, level, reason } = attempt;
  const row = { type, provider, at, bytes, level, reason };
  if (reason !== null) return { ...row, detail: attempt.detail, samples: null, facts: null };
  const triples = attempt.samples.map(({ metric, value, method }): Triple => {
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`${metric} ${value} is no measurement`);
    return [metric, value, method];
  });
  return { ...row, detail: null, samples: JSON.stringify(triples), facts: JSON.stringify(attempt.facts) };
}

/** Reads rows of one provider back. Facts rarely change from one attempt to the next: equal ones are parsed once. */
function decoder(type: string, provider: string): (row: Row) => Attempt {
  let text = '{}';
  let facts: Answered['facts'] = {};
  return ([at, bytes, level, reason, detail, samples = '[]', factsText = '{}']) => {
    const tried = { provider, type, at, bytes, level };
    if (reason !== null) return { ...tried, reason, detail };
    if (factsText !== text) {
      text = factsText;
      facts = JSON.parse(text);
    }
    const triples: Triple[] = JSON.parse(samples);
    return { ...tried, reason, samples: triples.map(([metric, value, method]) => ({ metric, value, method })), facts };
  };
}
