import { afterEach, describe, expect, it, vi } from 'vitest';
import { log } from '../../plugin/lib/log.js';
import type { Attempt } from '../../plugin/model/attempt.js';
import { PanelError } from '../../plugin/model/errors.js';
import type { Job } from '../../plugin/model/job.js';
import type { Provider } from '../../plugin/model/provider.js';
import { toFailure } from '../../plugin/probe/failure.js';
import type { Prober } from '../../plugin/probe/index.js';
import { stopwatch } from '../stopwatch.js';
import { answer, five, createScanner as made, type Options, pendingProbe, providerAt, turn } from './made.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function createScanner(providers: readonly Provider[], probe: Prober, options?: Options) {
  const all = made(providers, probe, options);
  closers.push(all.close);
  return all;
}

/** Not one whose time our own stall invalidated: on a busy machine there are some, and each is made up for. */
const isWhole = (attempt: Attempt) => attempt.reason !== null || attempt.samples.length > 0;

describe('a scan', () => {
  it('gives every provider one answer first, then more samples to the best three', async () => {
    const order: string[] = [];
    const { scanner, jobs, attempts } = createScanner(
      five.map((address) => providerAt(address)),
      async ({ address }) => {
        order.push(address);
        return answer();
      },
    );
    const job = scanner.start('thing');
    expect(job).toMatchObject({ kind: 'scan', state: 'running', total: 17 });
    expect(await jobs.ended(job.id)).toMatchObject({ state: 'done', done: 17, total: 17 });
    expect([...order.slice(0, 5)].sort()).toEqual(five);
    expect(new Set(order.slice(5))).toEqual(new Set(five.slice(0, 3)));
    expect(attempts().filter(isWhole)).toHaveLength(17);
  });

  it('gives no more samples to a provider that failed, and stores no number for it', async () => {
    const { scanner, jobs, attempts } = createScanner([providerAt('10.0.0.1')], async () => ({
      level: 1,
      reason: 'refused',
    }));
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', done: 5, total: 5 });
    expect(attempts()).toEqual([
      {
        provider: '10.0.0.1',
        type: 'thing',
        at: expect.any(Number),
        bytes: 100,
        level: 1,
        reason: 'refused',
        detail: null,
      },
    ]);
  });

  it('continues when the far end answers with an unexpected error', async () => {
    const error = Object.assign(new Error('ENOPROTOOPT'), { code: 'ENOPROTOOPT', syscall: 'connect' });
    const { scanner, jobs, attempts } = createScanner(
      [providerAt('10.0.0.1'), providerAt('10.0.0.2')],
      async (target) => (target.address === '10.0.0.2' ? toFailure(error) : answer()),
    );
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done' });
    const reasons = attempts().map(({ provider, reason }) => `${provider} ${reason}`);
    expect(new Set(reasons)).toEqual(new Set(['10.0.0.1 null', '10.0.0.2 unreachable']));
  });

  it('leaves a provider that fails half way alone, however good it was before', async () => {
    let good = 3;
    const { scanner, jobs, attempts } = createScanner([providerAt('10.0.0.1')], async () =>
      good-- > 0 ? answer() : { level: 0, reason: 'timeout' },
    );
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', done: 5, total: 5 });
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', done: 5, total: 5 });
    expect(attempts()).toHaveLength(5);
  });

  it('never counts backwards, says whom it tries, and how long the rest may take', async () => {
    const told: Job[] = [];
    const { scanner, jobs } = createScanner(
      five.map((address) => providerAt(address)),
      async ({ address }) => {
        told.push(jobs.running()[0] as Job);
        return address > '10.0.0.2' ? { level: 0, reason: 'timeout' } : answer();
      },
    );
    const { id } = scanner.start('thing');
    const ended = await jobs.ended(id);
    expect(told.map(({ total }) => total)).toEqual(told.map(() => 17));
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(told[0]).toMatchObject({ trying: five.slice(0, 3), leftMs: expect.any(Number) });
    expect(Math.max(...told.map(({ trying }) => trying.length))).toBeLessThanOrEqual(3);
    expect(ended).toMatchObject({ done: 17, total: 17, trying: [], leftMs: null });
  });

  it('runs once per type: a second request, even for one provider, gets the running job', async () => {
    const { waiting, probe } = pendingProbe();
    const { scanner } = createScanner(
      five.map((address) => providerAt(address)),
      probe,
    );
    const first = scanner.start('thing');
    expect(scanner.start('thing').id).toBe(first.id);
    expect(scanner.start('thing', '10.0.0.5').id).toBe(first.id);
    await turn();
    expect(waiting).toHaveLength(3);
  });

  it('of all providers waits for a running scan of one', async () => {
    const { waiting, probe } = pendingProbe();
    const { scanner, jobs } = createScanner(
      five.map((address) => providerAt(address)),
      probe,
    );
    const one = scanner.start('thing', '10.0.0.5');
    const all = scanner.start('thing');
    expect(all.id).not.toBe(one.id);
    await turn();
    expect(waiting.map(({ address }) => address)).toEqual(['10.0.0.5']);
    await jobs.cancel(one.id);
    while (waiting.length < 4) await turn();
    expect(jobs.running().map(({ id }) => id)).toEqual([all.id]);
  });

  it('can be cancelled while it waits for another, and the next in line still waits for that other', async () => {
    const { waiting, probe } = pendingProbe();
    const { scanner, jobs } = createScanner(
      five.map((address) => providerAt(address)),
      probe,
    );
    const one = scanner.start('thing', '10.0.0.5');
    const second = scanner.start('thing', '10.0.0.4');
    const third = scanner.start('thing', '10.0.0.3');
    await turn();
    expect(await jobs.cancel(second.id)).toMatchObject({ state: 'cancelled', done: 0 });
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(jobs.running().map(({ id }) => id)).toEqual([one.id, third.id]);
    expect(waiting.map(({ address }) => address)).toEqual(['10.0.0.5']);
  });

  it('never probes two services of one host at once', async () => {
    const { waiting, probe } = pendingProbe();
    const twins = [1, 2, 3].map((port) => providerAt('10.0.0.1', { id: `p${port}`, port }));
    const { scanner } = createScanner(twins, probe);
    scanner.start('thing');
    await turn();
    expect(waiting).toHaveLength(1);
    waiting[0]?.letGo();
    while (waiting.length < 2) await turn();
    expect(waiting).toHaveLength(2);
  });

  it('ends within a second when cancelled, and keeps what came before', async () => {
    const { waiting, probe } = pendingProbe();
    const { scanner, jobs, attempts } = createScanner(
      five.map((address) => providerAt(address)),
      probe,
      { concurrency: 1 },
    );
    const job = scanner.start('thing');
    while (waiting.length < 1) await turn();
    waiting[0]?.letGo();
    while (waiting.length < 2) await turn();
    const elapsed = stopwatch();
    expect(await jobs.cancel(job.id)).toMatchObject({ state: 'cancelled', done: 1 });
    expect(elapsed()).toBeLessThan(1_000);
    expect(attempts()).toHaveLength(1);
  });

  it('never probes a provider outside the ranges, without a port or against its will, and refuses when there is nothing else', () => {
    const barred = [
      providerAt('8.8.8.8', { barred: 'not-allowed' }),
      providerAt('10.0.0.1', { barred: 'no-port', port: null }),
      providerAt('10.0.0.2', { barred: 'declined' }),
    ];
    const { scanner } = createScanner(barred, () => Promise.reject(new Error('it was probed')));
    expect(() => scanner.start('thing')).toThrow(PanelError);
  });

  it('stops at the daily budget, and is refused once it is spent', async () => {
    const { scanner, jobs, attempts } = createScanner(
      five.map((address) => providerAt(address)),
      answer,
      { bytesPerDay: 250, concurrency: 1 },
    );
    const job = await jobs.ended(scanner.start('thing').id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'budget-spent' } });
    expect(attempts()).toHaveLength(2);
    expect(() => scanner.start('thing')).toThrow(expect.objectContaining({ code: 'budget-spent' }));
  });

  it('counts attempts under way against the budget, and those that our own stall invalidated', async () => {
    const providers = five.map((address) => providerAt(address));
    const { scanner, jobs, attempts } = createScanner(providers, answer, { bytesPerDay: 150, concurrency: 3 });
    await jobs.ended(scanner.start('thing').id);
    expect(attempts()).toHaveLength(1);

    const stalled = createScanner(providers, async () => {
      const until = performance.now() + 600;
      while (performance.now() < until);
      return { level: 0, reason: 'timeout' };
    });
    await stalled.scanner.background('thing', '10.0.0.1', new AbortController().signal);
    expect(stalled.attempts()).toEqual([]);
    expect(stalled.scanner.spending().spent).toBe(100);
  });

  it('counts what a full disk does not store against the budget, and fails with disk-full', async () => {
    const { scanner, jobs, store } = createScanner([providerAt('10.0.0.1')], answer);
    vi.spyOn(store.attempts, 'add').mockImplementation(() => {
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    });
    const job = await jobs.ended(scanner.start('thing').id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'disk-full' } });
    expect(scanner.spending().spent).toBe(100);
  });

  it('prunes before it flushes: the commit right after a flush costs another', async () => {
    const { scanner, jobs, store } = createScanner([providerAt('10.0.0.1')], answer);
    const [prune, flush] = [vi.spyOn(store, 'prune'), vi.spyOn(store, 'flush')];
    await jobs.ended(scanner.start('thing').id);
    expect([prune.mock.calls.length, flush.mock.calls.length]).toEqual([1, 1]);
    expect(prune.mock.invocationCallOrder[0]).toBeLessThan(flush.mock.invocationCallOrder[0] ?? 0);
  });

  it('discards the times that our own stall invalidated, keeps the answer, and tries again', async () => {
    let stalls = 1;
    const { scanner, jobs, attempts } = createScanner([providerAt('10.0.0.1')], async () => {
      if (stalls-- > 0) {
        const until = performance.now() + 200;
        while (performance.now() < until);
      }
      return answer();
    });
    await jobs.ended(scanner.start('thing').id);
    const answered = attempts().flatMap((one) => (one.reason === null ? [one.samples.length] : []));
    expect(answered).toHaveLength(6);
    expect(answered.filter((samples) => samples === 0)).toHaveLength(1);
  });

  it('ends normally when one probe throws on an answer, and stores that as the provider’s failure', async () => {
    const logged = vi.spyOn(log, 'error').mockImplementation(() => {});
    closers.push(() => logged.mockRestore());
    const { scanner, jobs, attempts } = createScanner(
      five.map((address) => providerAt(address)),
      async ({ address }) => {
        if (address === '10.0.0.1') throw new Error('a mistake in a probe');
        return answer();
      },
    );
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', error: null });
    expect(attempts().filter(({ provider }) => provider === '10.0.0.1')).toMatchObject([{ reason: 'unreadable' }]);
    expect(attempts().filter(isWhole)).toHaveLength(1 + 4 + 3 * 4);
    expect(logged).toHaveBeenCalledOnce();
  });

  it('fails when this node runs out of a resource, but only after the others were measured', async () => {
    const { scanner, jobs, attempts } = createScanner(
      five.map((address) => providerAt(address)),
      async ({ address }) => {
        if (address === '10.0.0.1') throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'connect' });
        return answer();
      },
    );
    const job: Job = await jobs.ended(scanner.start('thing').id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'no-resources' } });
    expect(attempts()).toHaveLength(4);
  });

  it('reports once, at its end, of which providers it stored something', async () => {
    const told: unknown[] = [];
    const providers = five.map((address) => providerAt(address));
    const { scanner, jobs, attempts } = createScanner(providers, answer, {
      bytesPerDay: 350,
      concurrency: 1,
      ended: (word, ids) => told.push([word, ids, attempts().length]),
    });
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'failed' });
    expect(told).toEqual([['thing', five.slice(0, 3), 3]]);
  });

  it('takes the steps on demand only for one provider, and not when it announces light probes', async () => {
    const asked: [string, boolean | undefined][] = [];
    const providers = [providerAt('10.0.0.1'), providerAt('10.0.0.2', { txt: new Map([['probe', 'Light']]) })];
    const { scanner, jobs } = createScanner(providers, async ({ address }, context) => {
      asked.push([address, context.asked]);
      return { level: 1, reason: 'refused' };
    });
    for (const id of [undefined, '10.0.0.1', '10.0.0.2']) await jobs.ended(scanner.start('thing', id).id);
    expect(asked).toEqual([
      ['10.0.0.1', false],
      ['10.0.0.2', false],
      ['10.0.0.1', true],
      ['10.0.0.2', false],
    ]);
  });
});
