/** Jobs: work that outlives its request. Kept in the store, so that a job's page survives a reload and a restart. */
import { randomBytes } from 'node:crypto';
import { type Jump, moved } from '../lib/clock/index.js';
import { Listeners } from '../lib/listeners.js';
import { log } from '../lib/log.js';
import { asPanelError, PanelError } from '../model/errors.js';
import { AT_REST, type Job, type JobState, type Live } from '../model/job.js';
import type { JobStore } from '../store/index.js';

/** What a job's work may do with the job. */
export interface JobHandle {
  readonly id: string;
  /** Aborts on cancel and on close. */
  readonly signal: AbortSignal;
  progress(done: number, total?: number): void;
  /** What it is at, which is forgotten at its end. */
  tell(now: Pick<Live, 'trying' | 'leftMs'>): void;
}

/** How many ended jobs are remembered with what the store does not keep. */
const MAX_REMEMBERED = 100;

type New = Pick<Job, 'kind' | 'type' | 'provider' | 'total'> & Partial<Pick<Live, 'before'>>;

interface Running {
  job: Job;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** How many jobs of a kind ended in that state. */
interface JobCount extends Pick<Job, 'kind' | 'state'> {
  readonly count: number;
}

/** Starts, remembers, cancels and awaits jobs. */
export class Jobs {
  readonly #jobs: JobStore;
  readonly #now: () => number;
  readonly #running = new Map<string, Running>();
  /** Jobs that the store had no room for yet. */
  readonly #unstored = new Map<string, Job>();
  /** What was recommended before, by the id of the job; the oldest first. */
  readonly #before = new Map<string, string>();
  readonly #counts = new Map<string, JobCount>();
  readonly #begin = new Listeners();
  #ended = 0;

  constructor(jobs: JobStore, now: () => number = Date.now) {
    this.#jobs = jobs;
    this.#now = now;
  }

  /** Ends the jobs that an earlier process left running. Only for the process that serves the panel. */
  closeOrphans(): void {
    this.#jobs.closeOrphans();
  }

  /** Starts the work and returns its job at once; what the work throws becomes the job's error. */
  start(what: New, work: (handle: JobHandle) => Promise<void>): Job {
    const id = randomBytes(9).toString('base64url');
    const abort = new AbortController();
    const begun = { id, state: 'running', done: 0, startedAt: this.#iso(), finishedAt: null, error: null } as const;
    const job: Job = { ...AT_REST, ...what, ...begun };
    this.#remember(job);
    this.#store(job);
    const progress = (done: number, total?: number) =>
      this.#change(id, { done, ...(total === undefined ? {} : { total }) });
    // A microtask later, so that the job is known before its work can end.
    const ended = Promise.resolve()
      .then(() => work({ id, signal: abort.signal, progress, tell: (now) => this.#change(id, now) }))
      .then(
        () => this.#end(id, abort.signal.aborted ? 'cancelled' : 'done', null),
        (error) => this.#end(id, abort.signal.aborted ? 'cancelled' : 'failed', abort.signal.aborted ? null : error),
      );
    this.#running.set(id, { job, abort, ended });
    this.#begin.call();
    return job;
  }

  /** Calls back when a job has begun. Returns the function that stops it. */
  onBegin(listener: () => void): () => void {
    return this.#begin.add(listener);
  }

  /**
   * The job of that id, running or stored.
   * @throws PanelError `unknown-job`
   */
  get(id: string): Job {
    const stored = this.#running.get(id)?.job ?? this.#unstored.get(id) ?? this.#jobs.get(id);
    const job = stored && { ...stored, before: this.#before.get(id) ?? null };
    if (!job)
      throw new PanelError(
        'unknown-job',
        'There is no such job.',
        'It may be from before the data was cleared; start it again.',
      );
    return job;
  }

  /** The type's newest job, where it ended with its process; null where it ran to its end. */
  cutOff(type: string): Job | null {
    const newest = this.#jobs.newest(type);
    return newest?.error?.code === 'interrupted' ? newest : null;
  }

  /** The running jobs, oldest first. */
  running(): Job[] {
    return [...this.#running.values()].map(({ job }) => job);
  }

  /** The clock was set: jobs that are not stored yet, or not for the last time, move along with the stored ones. */
  move(jump: Jump): void {
    const later = (at: string) => new Date(moved(Date.parse(at), jump)).toISOString();
    const move = (job: Job): Job => ({
      ...job,
      startedAt: later(job.startedAt),
      finishedAt: job.finishedAt && later(job.finishedAt),
    });
    for (const running of this.#running.values()) running.job = move(running.job);
    for (const [id, job] of this.#unstored) this.#unstored.set(id, move(job));
  }

  /**
   * Changes when a job of the type (of any type where none is given) begins or ends; with `progress`, also as it moves on.
   */
  version(type?: string, progress = true): string {
    const running = this.running().filter((job) => type === undefined || job.type === type);
    const states = running.map(({ id, done, total, trying }) => (progress ? `${id}:${done}/${total}:${trying}` : id));
    return [this.#ended, ...states].join();
  }

  /** Aborts the job and resolves once it has ended; one that ended already stays as it is. */
  async cancel(id: string): Promise<Job> {
    const running = this.#running.get(id);
    running?.abort.abort();
    await running?.ended;
    return this.get(id);
  }

  /** Resolves with the job once it has ended. */
  async ended(id: string): Promise<Job> {
    await this.#running.get(id)?.ended;
    return this.get(id);
  }

  /** The jobs of this process that have ended. */
  counts(): readonly JobCount[] {
    return [...this.#counts.values()];
  }

  /** Cancels everything and resolves once all has ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  /** Progress lives in memory; only the beginning and the end are worth a write. */
  #change(id: string, change: Partial<Job>): void {
    const running = this.#running.get(id);
    if (running) running.job = { ...running.job, ...change };
  }

  #end(id: string, state: JobState, error: unknown): void {
    const { error: shown, cause } = this.#explain(error);
    this.#change(id, { state, finishedAt: this.#iso(), error: shown, trying: [], leftMs: null });
    const running = this.#running.get(id);
    if (running) {
      this.#ended += 1;
      this.#count(running.job);
      this.#store(running.job);
    }
    this.#running.delete(id);
    if (cause !== undefined) log.error(cause);
    if (shown?.code === 'no-resources')
      log.warning(`A job failed for want of resources on this node: ${shown.message}`);
  }

  /** A full disk must not keep a service from being stopped: the job is stored as soon as there is room. */
  #store(job: Job): void {
    this.#unstored.set(job.id, job);
    try {
      for (const unstored of this.#unstored.values()) {
        this.#jobs.put(unstored);
        this.#unstored.delete(unstored.id);
      }
    } catch (error) {
      log.error(error);
    }
  }

  #remember({ id, before }: Job): void {
    if (before === null) return;
    const [oldest = ''] = this.#before.size < MAX_REMEMBERED ? [] : this.#before.keys();
    this.#before.delete(oldest);
    this.#before.set(id, before);
  }

  #count({ kind, state }: Job): void {
    const key = `${kind} ${state}`;
    this.#counts.set(key, { kind, state, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  #explain(error: unknown): { error: Job['error']; cause: unknown } {
    if (error === null) return { error: null, cause: undefined };
    const known = asPanelError(error);
    return { error: known.toJSON(), cause: known.code === 'internal' ? error : undefined };
  }

  #iso(): string {
    return new Date(this.#now()).toISOString();
  }
}
