/** The log of what was done here and by whom: the newest lines, bounded. */
import { DAY_MS } from '../../lib/time.js';
import type { Job, JobKind } from '../../model/job.js';
import { type Db, type Move, prepare } from '../sqlite.js';

/** `token`: a program, by the name of its token. `cloudy`: a user of Cloudy's own pages, by name. `schedule`: the panel itself. `stranger`: somebody without a login. */
export const ACTORS = ['owner', 'token', 'cloudy', 'command-line', 'schedule', 'stranger'] as const;
export interface Actor {
  readonly by: (typeof ACTORS)[number];
  /** Empty where there is no name; at most 64 characters. */
  readonly name: string;
}

/**
 * Actions other than jobs. The last four are the panel's own, on the announcement of an own service: it gives it to the
 * Serf agent, or ends it because the service does not run, listens to no neighbour, or another program removed it.
 */
export const ACTIONS = [
  ...([
    'login',
    'logout',
    'password',
    'background-on',
    'background-off',
    'background-terms',
    'share-on',
    'share-off',
    'measure',
    'opinion',
    'token-made',
    'token-revoked',
  ] as const),
  ...(['announced', 'withdrawn', 'silent', 'removed'] as const),
] as const;
export type Action = JobKind | 'cancel' | (typeof ACTIONS)[number];

export interface NewEvent extends Actor {
  readonly what: Action;
  /** Wire word of the service type; null where it is about none. */
  readonly type: string | null;
  readonly provider: string | null;
  /** An event with a job shows the job's state instead. */
  readonly result: 'done' | 'failed';
  /** The job that it started. */
  readonly job: string | null;
}

export interface Event extends Omit<NewEvent, 'result'> {
  /** ms since the epoch; for a counted line, the last time. */
  readonly at: number;
  readonly result: Job['state'];
  /** How often on that day; 1 for an ordinary line. */
  readonly count: number;
}

export interface EventStore {
  /** @returns false for a job that has a line already: it gets no second */
  add(event: NewEvent): boolean;
  /** For frequent events: one line a day counts all that are alike, and moves to the top. */
  count(event: Omit<NewEvent, 'job'>): void;
  /** Newest first. */
  newest(limit: number): Event[];
}

export interface MovableEvents extends EventStore {
  move(move: Move): void;
  /** Date of the newest line before `before`, ms since the epoch; null where there is none. */
  latest(before: number): number | null;
}

/** A small node's year. */
export const EVENTS_KEPT = 500;

export const EVENTS_SCHEMA = `
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 64),
    what TEXT NOT NULL,
    type TEXT,
    provider TEXT,
    result TEXT NOT NULL,
    job TEXT,
    count INTEGER NOT NULL CHECK (count > 0)
  ) STRICT;
  CREATE UNIQUE INDEX events_by_job ON events (job) WHERE job IS NOT NULL;
`;

const ADD = `
  INSERT OR IGNORE INTO events (at, by, name, what, type, provider, result, job, count)
  VALUES (@at, @by, @name, @what, @type, @provider, @result, @job, @count)`;

/** A new line has the largest id, whatever the clock says. */
const FORGET = `DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ${EVENTS_KEPT}`;

const REMOVE_ALIKE = `
  DELETE FROM events WHERE job IS NULL AND by = @by AND name = @name AND what = @what AND type IS @type
    AND provider IS @provider AND result = @result AND at BETWEEN @since AND @at
  RETURNING count`;

/** A job that died with its process became `failed` when the next one started, so every event has an end. */
const NEWEST = `
  SELECT at, by, name, what, events.type, events.provider, coalesce(jobs.state, result) AS result, job, count
  FROM events LEFT JOIN jobs ON jobs.id = job
  ORDER BY events.id DESC LIMIT ?`;

type Row = Omit<Event, 'result'> & { readonly result: string };

export function eventStore(db: Db, now: () => number): MovableEvents {
  const insert = prepare<Row>(db, ADD);
  const forget = prepare(db, FORGET);
  const removeAlike = prepare<Omit<Row, 'count' | 'job'> & { since: number }, number>(db, REMOVE_ALIKE).pluck();
  const newest = prepare<[number], Event>(db, NEWEST);
  const move = prepare<Move>(db, 'UPDATE events SET at = at + @by WHERE at BETWEEN @from AND @until');
  const latest = prepare<[number], number | null>(db, 'SELECT max(at) FROM events WHERE at < ?').pluck();
  const put = (row: Row) => {
    const { changes } = insert.run(row);
    forget.run();
    return changes > 0;
  };
  return {
    add: (event) => put({ ...event, at: now(), count: 1 }),
    count: (event) => {
      const at = now();
      const counts = removeAlike.all({ ...event, at, since: at - (at % DAY_MS) });
      put({ ...event, job: null, at, count: counts.reduce((sum, count) => sum + count, 1) });
    },
    newest: (limit) => newest.all(limit),
    move: (span) => void move.run(span),
    latest: (before) => latest.get(before) ?? null,
  };
}
