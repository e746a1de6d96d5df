/** Jobs: one row each, written when a job starts and when it ends. */
import { moved } from '../../lib/clock/index.js';
import { AT_REST, type Job, type Live } from '../../model/job.js';
import { type Db, type Move, prepare } from '../sqlite.js';

export interface JobStore {
  /** Inserts or replaces. */
  put(job: Job): void;
  get(id: string): Job | null;
  /** The type's newest; null where there was none. */
  newest(type: string): Job | null;
  /** Jobs left `running` by a process that died become `failed`. */
  closeOrphans(): void;
}

export interface PrunableJobs extends JobStore {
  /** Deletes at most `limit` ended jobs that started before `before` (ms since the epoch) and belong to no event. */
  prune(before: number, limit: number): number;
  move(move: Move): void;
}

export const JOBS_SCHEMA = `
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    provider TEXT,
    state TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    startedAt TEXT NOT NULL,
    finishedAt TEXT,
    error TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX jobs_by_start ON jobs (startedAt);
`;

const PUT = `
  INSERT OR REPLACE INTO jobs (id, kind, type, provider, state, done, total, startedAt, finishedAt, error)
  VALUES (@id, @kind, @type, @provider, @state, @done, @total, @startedAt, @finishedAt, @error)`;

const CLOSE_ORPHANS = `UPDATE jobs SET state = 'failed', finishedAt = @finishedAt, error = @error WHERE state = 'running'`;

const PRUNE = `
  DELETE FROM jobs WHERE id IN
    (SELECT id FROM jobs WHERE startedAt < ? AND state <> 'running'
      AND NOT EXISTS (SELECT 1 FROM events WHERE job = jobs.id) ORDER BY startedAt LIMIT ?)`;

const DATED = `
  SELECT id, startedAt, finishedAt FROM jobs WHERE startedAt BETWEEN @from AND @until OR finishedAt BETWEEN @from AND @until`;

type Row = Omit<Job, 'error' | keyof Live> & { readonly error: string | null };

const ORPHAN_ERROR: Job['error'] = {
  code: 'interrupted',
  message: 'The panel ended before this job did.',
  hint: 'Start it again.',
};

const iso = (at: number) => new Date(at).toISOString();
const json = (error: Job['error']) => error && JSON.stringify(error);

const toJob = (row: Row | undefined): Job | null =>
  row ? { ...AT_REST, ...row, error: row.error === null ? null : JSON.parse(row.error) } : null;

export function jobStore(db: Db, now: () => number): PrunableJobs {
  const put = prepare<Row>(db, PUT);
  const get = prepare<[string], Row>(db, 'SELECT * FROM jobs WHERE id = ?');
  const newest = prepare<[string], Row>(db, 'SELECT * FROM jobs WHERE type = ? ORDER BY startedAt DESC LIMIT 1');
  const closeOrphans = prepare<Pick<Row, 'finishedAt' | 'error'>>(db, CLOSE_ORPHANS);
  const prune = prepare<[string, number]>(db, PRUNE);
  const dated = prepare<{ from: string; until: string }, Pick<Row, 'id' | 'startedAt' | 'finishedAt'>>(db, DATED);
  const date = prepare(db, 'UPDATE jobs SET startedAt = @startedAt, finishedAt = @finishedAt WHERE id = @id');
  const move = ({ from, until, by }: Move) => {
    const span = { since: from, until, by };
    const later = (at: string) => iso(moved(Date.parse(at), span));
    for (const { id, startedAt, finishedAt } of dated.all({ from: iso(from), until: iso(until) }))
      date.run({ id, startedAt: later(startedAt), finishedAt: finishedAt && later(finishedAt) });
  };
  return {
    move,
    put: (job) => void put.run({ ...job, error: json(job.error) }),
    get: (id) => toJob(get.get(id)),
    newest: (type) => toJob(newest.get(type)),
    closeOrphans: () => void closeOrphans.run({ finishedAt: iso(now()), error: json(ORPHAN_ERROR) }),
    prune: (before, limit) => prune.run(iso(before), limit).changes,
  };
}
