import { describe, expect, it, vi } from 'vitest';
import { Jobs } from '../../plugin/jobs/index.js';
import { PanelError } from '../../plugin/model/errors.js';
import type { Job } from '../../plugin/model/job.js';

function memoryStore() {
  const jobs = new Map<string, Job>();
  return {
    jobs,
    put: (job: Job) => void jobs.set(job.id, job),
    get: (id: string) => jobs.get(id) ?? null,
    newest: () => null,
    closeOrphans: () => {},
  };
}
const OF = { kind: 'scan', type: 'some', provider: null, total: 2 } as const;

describe('a job', () => {
  it('is known at once, reports progress, and is stored when it ends', async () => {
    const store = memoryStore();
    const jobs = new Jobs(store, () => 0);
    let release = () => {};
    const job = jobs.start(OF, async ({ progress }) => {
      progress(1, 3);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    expect(job).toMatchObject({ state: 'running', done: 0, total: 2, startedAt: '1970-01-01T00:00:00.000Z' });
    await Promise.resolve();
    expect(jobs.get(job.id)).toMatchObject({ state: 'running', done: 1, total: 3 });
    release();
    expect(await jobs.ended(job.id)).toMatchObject({ state: 'done', done: 1, total: 3, error: null });
    expect(store.jobs.get(job.id)?.state).toBe('done');
    expect(jobs.running()).toEqual([]);
  });

  it('keeps the error and its hint when it fails', async () => {
    const jobs = new Jobs(memoryStore());
    const job = jobs.start(OF, async () => {
      throw new PanelError('budget-spent', 'No bytes left.', 'Wait.');
    });
    expect(await jobs.ended(job.id)).toMatchObject({
      state: 'failed',
      error: { code: 'budget-spent', message: 'No bytes left.', hint: 'Wait.' },
    });
  });

  it('aborts its signal on cancel, and ends as cancelled', async () => {
    const jobs = new Jobs(memoryStore());
    const job = jobs.start(
      OF,
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    await Promise.resolve();
    expect(await jobs.cancel(job.id)).toMatchObject({ state: 'cancelled', error: null });
  });

  it('is counted by kind and outcome when it ends', async () => {
    const jobs = new Jobs(memoryStore());
    const ends = [
      async () => {},
      async () => {},
      () => Promise.reject(new PanelError('serf-away', 'Away.', 'Start it.')),
    ];
    await Promise.all(ends.map((work) => jobs.ended(jobs.start(OF, work).id)));
    expect(jobs.counts()).toEqual([
      { kind: OF.kind, state: 'done', count: 2 },
      { kind: OF.kind, state: 'failed', count: 1 },
    ]);
  });

  it('runs and ends on a full disk, and is stored as soon as there is room', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const store = memoryStore();
    let isFull = true;
    const put = (job: Job) => {
      if (isFull) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
      store.put(job);
    };
    const jobs = new Jobs({ ...store, put });
    const { id } = jobs.start(OF, async () => {});
    expect(jobs.get(id).state).toBe('running');
    expect(await jobs.ended(id)).toMatchObject({ state: 'done' });
    isFull = false;
    const next = jobs.start(OF, async () => {});
    await jobs.ended(next.id);
    expect([id, next.id].map((jobId) => store.get(jobId)?.state)).toEqual(['done', 'done']);
    isFull = true;
    const failing = jobs.start(OF, async () => put(jobs.get(id)));
    expect(await jobs.ended(failing.id)).toMatchObject({ state: 'failed', error: { code: 'disk-full' } });
    log.mockRestore();
  });

  it('is a deliberate error where its id is unknown', () => {
    expect(() => new Jobs(memoryStore()).get('nope')).toThrow(PanelError);
  });

  it('does not outlive the panel', async () => {
    const jobs = new Jobs(memoryStore());
    const ids = [1, 2].map(
      () =>
        jobs.start(OF, ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()))).id,
    );
    await Promise.resolve();
    await jobs.close();
    expect(ids.map((id) => jobs.get(id).state)).toEqual(['cancelled', 'cancelled']);
  });
});
