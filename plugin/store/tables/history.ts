/** History: one row per provider and UTC day, computed from the day's raw attempts while they are still stored. */
import { DAY_MS, dayName, dayOf, HOUR_MS } from '../../lib/time.js';
import { ANSWER_TIMES } from '../../model/metric.js';
import { type Db, type Move, prepare } from '../sqlite.js';
import { KEY, type ProviderKeys } from './providers.js';

export interface DayRow {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly attempts: number;
  readonly answered: number;
  /** The day's last. */
  readonly score: number | null;
  /** Median round-trip time of the day's answers, ms. */
  readonly rtt: number | null;
  /** Median time of the service itself, ms. */
  readonly answer: number | null;
}

/** How a type fared; days as counted from the epoch. */
export interface TypeHealth {
  /** Oldest first; `working`: that answered at least every second time. */
  readonly days: readonly { readonly day: number; readonly tried: number; readonly working: number }[];
  /** By provider, the first and the last day on which it was tried. */
  readonly tried: ReadonlyMap<string, { readonly first: number; readonly last: number }>;
}

/** In a bar: nobody asked that day. */
export const NOT_TRIED = 255;

export interface HistoryStore {
  /** The provider's days from that of `since` (ms since the epoch) to today, oldest first. */
  days(type: string, provider: string, since: number): DayRow[];
  /**
   * For a whole list, one byte a day: byte `i` is the day of `since` plus `i`, the last one today. Each is the percentage
   * of attempts that were answered, where 0 and 100 mean exactly none and all; or NOT_TRIED.
   */
  bars(type: string, since: number): ReadonlyMap<string, Uint8Array>;
  /** All types' days from that of `since`, as one picture of the community. Cached until something is measured. */
  health(since: number): ReadonlyMap<string, TypeHealth>;
  /** Computes today's row of the provider from its raw attempts, with its score now. */
  note(type: string, provider: string, score: number | null): void;
  /** The same for many providers, all or none: in a third of the time. */
  noteAll(type: string, scores: ReadonlyMap<string, number | null>): void;
}

export interface PrunableHistory extends HistoryStore {
  /** Deletes at most `limit` rows of days before that of `before` (ms since the epoch), oldest first; returns how many. */
  prune(before: number, limit: number): number;
  /** A whole day as it is, of a provider that has attempts. */
  put(day: DayRow & ProviderRef): void;
  /** After the attempts have moved: their days move along. */
  move(move: Move): void;
}

/** `provider` is its key (see providers.ts). Rows are ordered by provider, as they are drawn; the index by day serves the pruning. */
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
 * For each provider a text of two characters a day: its place in the bar, and the percentage answered, where 0 and 100 mean
 * exactly none and all. SQLite joins them: as objects, the 45,000 rows of a long list would cost ten times as much.
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

const HEALTH = `
  SELECT type, day, count(*) AS tried, sum(answered * 2 >= attempts) AS working FROM days
  WHERE day BETWEEN @since AND @today GROUP BY type, day ORDER BY type, day`;
const TRIED = `
  SELECT type, ifnull((SELECT id FROM providers WHERE type = days.type AND key = days.provider), provider) AS id,
    min(day) AS first, max(day) AS last FROM days WHERE day BETWEEN @since AND @today GROUP BY type, provider`;

const RAW = `
  SELECT samples FROM attempts WHERE type = @type AND provider = ${KEY} AND at >= @from AND at < @until`;

/** A day that is over keeps its last score; a day whose raw attempts are partly gone keeps its whole row. */
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

const TAKE = `
  DELETE FROM days WHERE day BETWEEN @firstDay AND @lastDay RETURNING type, provider, day, attempts, answered, score, rtt, answer`;
const RAW_DAYS = `
  SELECT at / ${DAY_MS} AS day, max(at) AS lastAt, group_concat(ifnull(samples, 'null')) AS answers FROM attempts
  WHERE type = @type AND provider = @provider AND at / ${DAY_MS} BETWEEN @first AND @last GROUP BY day`;
const PUT_BACK = `
  INTO days (type, provider, day, attempts, answered, score, rtt, answer)
  VALUES (@type, @provider, @day, @attempts, @answered, @score, @rtt, @answer)`;

/** No scan takes longer. One that runs past midnight has attempts on two days. */
const MAX_SCAN_MS = HOUR_MS;

interface ProviderRef {
  readonly type: string;
  readonly provider: string;
}

export function historyStore(db: Db, now: () => number, keys: ProviderKeys): PrunableHistory {
  const days = prepare<ProviderRef & { since: number; today: number }, DayRow & { day: number }>(db, DAYS);
  const bars = prepare<{ type: string; since: number; today: number }, [string, string | null]>(db, BARS).raw();
  const raw = prepare<ProviderRef & { from: number; until: number }, string | null>(db, RAW).pluck();
  const put = prepare(db, NOTE);
  const prune = prepare<[number, number], [type: string, key: string]>(db, PRUNE).raw();
  const move = mover(db);
  const today = () => dayOf(now());
  const health = healthReader(db);

  function note(type: string, provider: string, score: number | null): void {
    for (let day = dayOf(now() - MAX_SCAN_MS); day <= today(); day++) {
      const answers = raw.all({ type, provider, from: day * DAY_MS, until: (day + 1) * DAY_MS });
      if (answers.length > 0) {
        const read = answers.map((answer) => (answer === null ? null : (JSON.parse(answer) as Samples)));
        health.changed();
        put.run({ type, provider, day, today: today(), score, ...summarise(read) });
      }
    }
  }

  const noteAll = db.transaction((type: string, scores: ReadonlyMap<string, number | null>) => {
    for (const [provider, score] of scores) note(type, provider, score);
  });
  const pruneSome = db.transaction((before: number, limit: number) => {
    const deleted = prune.all(dayOf(before), limit);
    health.changed();
    keys.sweep(deleted);
    return deleted.length;
  });
  return {
    days: (type, provider, since) =>
      days
        .all({ type, provider, since: dayOf(since), today: today() })
        .map(({ day, ...row }) => ({ day: dayName(day), ...row })),
    bars: (type, since) => {
      const span = { since: dayOf(since), today: today() };
      return toBars(bars.all({ type, ...span }), Math.max(0, span.today - span.since + 1));
    },
    health: (since) => health.read({ since: dayOf(since), today: today() }),
    note,
    // Starts as a writer: a reader that becomes one fails at once instead of waiting for another process.
    noteAll: (type, scores) => noteAll.immediate(type, scores),
    put: ({ day, ...row }) => void put.run({ ...row, day: Date.parse(day) / DAY_MS, today: today() }),
    prune: (before, limit) => pruneSome.immediate(before, limit),
    move: (span) => {
      health.changed();
      move(span);
    },
  };
}

/** Reads all days again only when one has changed here, or another process wrote. */
function healthReader(db: Db) {
  const days = prepare<DaySpan, { type: string; day: number; tried: number; working: number }>(db, HEALTH);
  const tried = prepare<DaySpan, { type: string; id: string; first: number; last: number }>(db, TRIED);
  const foreign = prepare<[], number>(db, 'PRAGMA data_version').pluck();
  let version = 0;
  let cached = { key: '', value: new Map<string, TypeHealth>() };
  return {
    changed: () => void version++,
    read(span: DaySpan): ReadonlyMap<string, TypeHealth> {
      const key = [span.since, span.today, version, foreign.get()].join();
      if (cached.key !== key) cached = { key, value: toHealth(days.all(span), tried.all(span)) };
      return cached.value;
    },
  };
}

interface DaySpan {
  readonly since: number;
  readonly today: number;
}

function toHealth(
  days: readonly { readonly type: string; readonly day: number; readonly tried: number; readonly working: number }[],
  tried: readonly { readonly type: string; readonly id: string; readonly first: number; readonly last: number }[],
): Map<string, TypeHealth> {
  const types = [...new Set(days.map(({ type }) => type))];
  return new Map(
    types.map((type) => [
      type,
      {
        days: days.filter((day) => day.type === type).map(({ day, tried, working }) => ({ day, tried, working })),
        tried: new Map(tried.filter((one) => one.type === type).map(({ id, first, last }) => [id, { first, last }])),
      },
    ]),
  );
}

type Day = Omit<DayRow, 'day'> & { readonly type: string; readonly provider: string; readonly day: number };
interface RawDay {
  readonly day: number;
  readonly lastAt: number;
  readonly answers: string;
}

/** Takes the days of the span out, and puts them back where their attempts are now. */
function mover(db: Db): (move: Move) => void {
  const take = prepare<{ firstDay: number; lastDay: number }, Day>(db, TAKE);
  const rawDays = prepare<{ type: string; provider: string; first: number; last: number }, RawDay>(db, RAW_DAYS);
  const replace = prepare<Day>(db, `INSERT OR REPLACE ${PUT_BACK}`);
  const fill = prepare<Day>(db, `INSERT OR IGNORE ${PUT_BACK}`);
  const put = (rows: readonly [Day, ...Day[]], { from, until, by }: Move) => {
    const [{ type, provider }] = rows;
    const [first, last] = [dayOf(Math.min(from, from + by)), dayOf(Math.max(until, until + by))];
    const raw = rawDays.all({ type, provider, first, last });
    const dayBefore = ({ day, lastAt }: RawDay) =>
      lastAt >= from + by && lastAt <= until + by ? dayOf(lastAt - by) : day;
    const scores = new Map(rows.map(({ day, score }) => [day, score]));
    for (const one of raw) {
      const score = scores.get(dayBefore(one)) ?? rows.at(-1)?.score ?? null;
      replace.run({ type, provider, day: one.day, score, ...summarise(JSON.parse(`[${one.answers}]`)) });
    }
    const known = new Set(raw.map(dayBefore));
    const days = Math.round(by / DAY_MS);
    for (const row of rows) if (!known.has(row.day)) fill.run({ ...row, day: row.day + days });
  };
  return (move) => {
    const taken = new Map<string, [Day, ...Day[]]>();
    for (const row of take.all({ firstDay: dayOf(move.from), lastDay: dayOf(move.until) })) {
      const key = JSON.stringify([row.type, row.provider]);
      const rows = taken.get(key);
      if (rows) rows.push(row);
      else taken.set(key, [row]);
    }
    for (const rows of taken.values()) put(rows, move);
  };
}

/** All bars share one buffer: 500 small ones would cost more than their contents. */
function toBars(rows: readonly [provider: string, days: string | null][], length: number): Map<string, Uint8Array> {
  const bytes = new Uint8Array(rows.length * length).fill(NOT_TRIED);
  const bars = new Map<string, Uint8Array>();
  for (const [provider, days] of rows) {
    if (days === null) continue;
    const bar = bytes.subarray(bars.size * length, (bars.size + 1) * length);
    for (let index = 0; index < days.length; index += 2) {
      bar[days.charCodeAt(index) - 1] = days.charCodeAt(index + 1) - 1;
    }
    bars.set(provider, bar);
  }
  return bars;
}

type Samples = readonly [metric: string, value: number][];

/** `answers`: the samples of each attempt, null for a failure. */
function summarise(answers: readonly (Samples | null)[]) {
  const rtts: number[] = [];
  const times: number[] = [];
  for (const samples of answers) {
    if (samples === null) continue;
    const values = (id: string) => samples.filter(([metric]) => metric === id).map(([, value]) => value);
    for (const rtt of values('rtt')) rtts.push(rtt);
    for (const time of [...ANSWER_TIMES].map(values).find((found) => found.length > 0) ?? []) times.push(time);
  }
  const answered = answers.filter((answer) => answer !== null).length;
  return { attempts: answers.length, answered, rtt: median(rtts), answer: median(times) };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
