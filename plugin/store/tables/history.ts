/** History: one row for each provider and UTC day, made from the day's raw attempts while they are still there. */
import type Database from 'better-sqlite3';
import { DAY_MS, dayName, dayOf, HOUR_MS } from '../../lib/time.js';
import { prepare } from '../sqlite.js';
import { KEY, type ProviderKeys } from './providers.js';

export interface DayRow {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly attempts: number;
  readonly answered: number;
  /** The last of the day. */
  readonly score: number | null;
  /** Median round-trip time of the day's answers, ms. */
  readonly rtt: number | null;
  /** Median time of the service itself, ms. */
  readonly answer: number | null;
}

/** In a bar: nobody asked that day. */
export const NOTHING = 255;

export interface HistoryStore {
  /** The provider's days from that of `since` (ms since the epoch) to today, oldest first. */
  days(type: string, provider: string, since: number): DayRow[];
  /**
   * For a whole list, one byte a day: byte `i` is the day of `since` plus `i`, the last one today. The share of its
   * attempts that were answered in per cent, where 0 and 100 mean none and all; or NOTHING.
   */
  bars(type: string, since: number): ReadonlyMap<string, Uint8Array>;
  /** Makes today's row of the provider anew from its raw attempts, with the score it has now. */
  note(type: string, provider: string, score: number | null): void;
  /** The same of many, all or none: a third of the time that it takes one by one. */
  noteAll(type: string, scores: ReadonlyMap<string, number | null>): void;
}

export interface PrunableHistory extends HistoryStore {
  /** Deletes at most `limit` rows of days before that of `before` (ms since the epoch), oldest first; returns how many. */
  prune(before: number, limit: number): number;
}

/** `provider` is its key (see ids.ts). Rows lie by provider, as they are drawn; the index by day serves the pruning. */
export const HISTORY_SCHEMA = `
  CREATE TABLE days (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    day INTEGER NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts > 0),
    answered INTEGER NOT NULL CHECK (answered BETWEEN 0 AND attempts),
    score REAL CHECK (score BETWEEN 0 AND 100),
    rtt REAL CHECK (rtt >= 0),
    answer REAL CHECK (answer >= 0),
    PRIMARY KEY (type, provider, day)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX days_by_day ON days (day);
`;

const DAYS = `
  SELECT day, attempts, answered, score, rtt, answer FROM days
  WHERE type = @type AND provider = ${KEY} AND day BETWEEN @since AND @today ORDER BY day`;

/**
 * For each provider a text of two characters a day: its place in the bar, and its share, where only none is 0 and only
 * all is 100. Put together by SQLite, because 45,000 rows of a long list cost ten times that when each becomes an object.
 */
const BARS = `
  WITH RECURSIVE seen(provider) AS (
    SELECT min(provider) FROM days WHERE type = @type
    UNION ALL
    SELECT (SELECT min(provider) FROM days WHERE type = @type AND provider > seen.provider)
    FROM seen WHERE provider IS NOT NULL
  )
  SELECT ifnull((SELECT id FROM providers WHERE type = @type AND key = seen.provider), seen.provider), (
    SELECT group_concat(char(1 + day - @since, 1 + CASE answered WHEN attempts THEN 100 WHEN 0 THEN 0
      ELSE min(99, max(1, 100 * answered / attempts)) END), '')
    FROM days WHERE type = @type AND provider = seen.provider AND day BETWEEN @since AND @today
  ) AS beats
  FROM seen WHERE provider IS NOT NULL`;

const RAW = `
  SELECT samples FROM attempts WHERE type = @type AND provider = ${KEY} AND at >= @from AND at < @until`;

/** A day that is over keeps its last score; one whose raw attempts are partly gone, all that was noted with them. */
const NOTE = `
  INSERT INTO days (type, provider, day, attempts, answered, score, rtt, answer)
  SELECT @type, key, @day, @attempts, @answered, @score, @rtt, @answer FROM providers WHERE type = @type AND id = @provider
  ON CONFLICT DO UPDATE SET attempts = excluded.attempts, answered = excluded.answered,
    score = iif(day = @today, excluded.score, ifnull(score, excluded.score)), rtt = excluded.rtt, answer = excluded.answer
  WHERE excluded.attempts >= attempts`;

const PRUNE = `
  DELETE FROM days WHERE (type, provider, day) IN
    (SELECT type, provider, day FROM days WHERE day < ? ORDER BY day LIMIT ?)
  RETURNING type, provider`;

/** No scan takes longer, ms. One that runs past midnight has its attempts in two days. */
const SCAN_MS = HOUR_MS;

interface Asked {
  readonly type: string;
  readonly provider: string;
}

/** The metrics that are the time of the service itself, the first that an answer has. */
const SERVICE_TIMES = ['answer', 'ttfb', 'handshake'] as const;

export function historyStore(db: Database.Database, now: () => number, keys: ProviderKeys): PrunableHistory {
  const days = prepare<Asked & { since: number; today: number }, DayRow & { day: number }>(db, DAYS);
  const bars = prepare<{ type: string; since: number; today: number }, [string, string | null]>(db, BARS).raw();
  const raw = prepare<Asked & { from: number; until: number }, string | null>(db, RAW).pluck();
  const put = prepare(db, NOTE);
  const prune = prepare<[number, number], [type: string, key: string]>(db, PRUNE).raw();
  const today = () => dayOf(now());

  function note(type: string, provider: string, score: number | null): void {
    for (let day = dayOf(now() - SCAN_MS); day <= today(); day++) {
      const answers = raw.all({ type, provider, from: day * DAY_MS, until: (day + 1) * DAY_MS });
      if (answers.length > 0) put.run({ type, provider, day, today: today(), score, ...summaryOf(answers) });
    }
  }

  const noteAll = db.transaction((type: string, scores: ReadonlyMap<string, number | null>) => {
    for (const [provider, score] of scores) note(type, provider, score);
  });
  const pruneSome = db.transaction((before: number, limit: number) => {
    const gone = prune.all(dayOf(before), limit);
    keys.sweep(gone);
    return gone.length;
  });
  return {
    days: (type, provider, since) =>
      days
        .all({ type, provider, since: dayOf(since), today: today() })
        .map(({ day, ...row }) => ({ day: dayName(day), ...row })),
    bars: (type, since) => {
      const span = { since: dayOf(since), today: today() };
      return barsOf(bars.all({ type, ...span }), Math.max(0, span.today - span.since + 1));
    },
    note,
    // Begun as a writer: a reader that turns into one would not wait for another process, but fail at once.
    noteAll: (type, scores) => noteAll.immediate(type, scores),
    prune: (before, limit) => pruneSome.immediate(before, limit),
  };
}

/** All bars in one piece of memory: 500 small ones would cost more than what is in them. */
function barsOf(rows: readonly [provider: string, beats: string | null][], length: number): Map<string, Uint8Array> {
  const bytes = new Uint8Array(rows.length * length).fill(NOTHING);
  const bars = new Map<string, Uint8Array>();
  for (const [provider, beats] of rows) {
    if (beats === null) continue;
    const bar = bytes.subarray(bars.size * length, (bars.size + 1) * length);
    for (let index = 0; index < beats.length; index += 2) {
      bar[beats.charCodeAt(index) - 1] = beats.charCodeAt(index + 1) - 1;
    }
    bars.set(provider, bar);
  }
  return bars;
}

/** `answers`: the samples of each attempt as JSON, null for a failure. */
function summaryOf(answers: readonly (string | null)[]) {
  const rtts: number[] = [];
  const times: number[] = [];
  for (const answer of answers) {
    const samples: [metric: string, value: number][] = JSON.parse(answer ?? '[]');
    const valuesOf = (id: string) => samples.filter(([metric]) => metric === id).map(([, value]) => value);
    for (const rtt of valuesOf('rtt')) rtts.push(rtt);
    for (const time of SERVICE_TIMES.map(valuesOf).find((values) => values.length > 0) ?? []) times.push(time);
  }
  const answered = answers.filter((answer) => answer !== null).length;
  return { attempts: answers.length, answered, rtt: median(rtts), answer: median(times) };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
