import { afterEach, describe, expect, it } from 'vitest';
import { PanelError } from '../../plugin/errors.js';
import { type Job, Jobs } from '../../plugin/jobs.js';
import type { Prober } from '../../plugin/probe/index.js';
import type { Provider } from '../../plugin/provider.js';
import { Scanner, type Standing } from '../../plugin/scan/index.js';
import type { ServiceType } from '../../plugin/services/index.js';
import type { Attempt } from '../../plugin/store/attempts.js';
import { openStore } from '../../plugin/store/index.js';

const providerAt = (address: string, change: Partial<Provider> = {}): Provider => ({
  id: address,
  type: 'thing',
  node: `node ${address}`,
  host: '',
  address,
  port: 1,
  description: '',
  community: '',
  txt: new Map(),
  gossip: null,
  sources: ['list'],
  self: false,
  barred: null,
  stale: false,
  heardAt: 0,
  ...change,
});

const typeWith = (probe: Prober) =>
  ({ id: 'thing', probe, cost: { packets: 2, bytes: 100 }, metrics: [] }) as unknown as ServiceType;
const answer = async () => ({ level: 3, samples: [{ metric: 'rtt', value: 10, method: 'udp' }], facts: {} }) as const;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function scannerOf(providers: readonly Provider[], probe: Prober, { bytesPerDay = 1e9, concurrency = 3 } = {}) {
  const store = openStore(':memory:');
  const jobs = new Jobs(store.jobs);
  const type = typeWith(probe);
  const ranking = (): Standing[] => {
    const attempts = store.attempts.recent('thing');
    return providers.map((provider) => {
      const own = attempts.get(provider.id) ?? [];
      return { provider, score: own.some(({ reason }) => reason === null) ? 50 : null, measuredAt: own[0]?.at ?? null };
    });
  };
  const scanner = new Scanner({
    config: { scanConcurrency: concurrency, scanBytesPerDay: bytesPerDay },
    services: { types: [type], of: () => type, has: () => true },
    discovery: { providers: () => providers },
    jobs,
    store,
    ranking,
    random: () => 0,
  });
  closers.push(
    () => store.close(),
    () => scanner.close(),
    () => jobs.close(),
  );
  const attempts = (): Attempt[] => [...store.attempts.recent('thing').values()].flat();
  return { scanner, jobs, attempts };
}

/** Probes that wait until they are let go, and tell who waits. */
function heldProbe() {
  const waiting: { address: string; letGo: () => void }[] = [];
  const probe: Prober = ({ address }, { signal }) =>
    new Promise((resolve, reject) => {
      waiting.push({ address, letGo: () => resolve(answer()) });
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  return { waiting, probe };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const five = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];

describe('a scan', () => {
  it('gives every provider one answer first, then more samples to the best three', async () => {
    const order: string[] = [];
    const { scanner, jobs, attempts } = scannerOf(
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
    expect(attempts()).toHaveLength(17);
  });

  it('gives no more samples to a provider that failed, and stores no number for it', async () => {
    const { scanner, jobs, attempts } = scannerOf([providerAt('10.0.0.1')], async () => ({
      level: 1,
      reason: 'refused',
    }));
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', done: 1, total: 1 });
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

  it('leaves a provider alone that fails half way, however good it was before', async () => {
    let good = 3;
    const { scanner, jobs, attempts } = scannerOf([providerAt('10.0.0.1')], async () =>
      good-- > 0 ? answer() : { level: 0, reason: 'timeout' },
    );
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', done: 4, total: 4 });
    expect(await jobs.ended(scanner.start('thing').id)).toMatchObject({ state: 'done', done: 1, total: 1 });
    expect(attempts()).toHaveLength(5);
  });

  it('of a type runs once: a second request, also for one provider, gets the running job', async () => {
    const { waiting, probe } = heldProbe();
    const { scanner } = scannerOf(
      five.map((address) => providerAt(address)),
      probe,
    );
    const first = scanner.start('thing');
    expect(scanner.start('thing').id).toBe(first.id);
    expect(scanner.start('thing', '10.0.0.5').id).toBe(first.id);
    await turn();
    expect(waiting).toHaveLength(3);
  });

  it('of all providers waits for the running scan of one, which does not cover it', async () => {
    const { waiting, probe } = heldProbe();
    const { scanner, jobs } = scannerOf(
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

  it('never probes two services of one host at once', async () => {
    const { waiting, probe } = heldProbe();
    const twins = [1, 2, 3].map((port) => providerAt('10.0.0.1', { id: `p${port}`, port }));
    const { scanner } = scannerOf(twins, probe);
    scanner.start('thing');
    await turn();
    expect(waiting).toHaveLength(1);
    waiting[0]?.letGo();
    while (waiting.length < 2) await turn();
    expect(waiting).toHaveLength(2);
  });

  it('that is cancelled ends within a second, and what came before stays', async () => {
    const { waiting, probe } = heldProbe();
    const { scanner, jobs, attempts } = scannerOf(
      five.map((address) => providerAt(address)),
      probe,
      { concurrency: 1 },
    );
    const job = scanner.start('thing');
    while (waiting.length < 1) await turn();
    waiting[0]?.letGo();
    while (waiting.length < 2) await turn();
    const asked = performance.now();
    expect(await jobs.cancel(job.id)).toMatchObject({ state: 'cancelled', done: 1 });
    expect(performance.now() - asked).toBeLessThan(1_000);
    expect(attempts()).toHaveLength(1);
  });

  it('never probes a provider outside the ranges, without a port or against its will, and says so when there is nothing else', () => {
    const barred = [
      providerAt('8.8.8.8', { barred: 'not-allowed' }),
      providerAt('10.0.0.1', { barred: 'no-port', port: null }),
      providerAt('10.0.0.2', { barred: 'declined' }),
    ];
    const { scanner } = scannerOf(barred, () => Promise.reject(new Error('it was probed')));
    expect(() => scanner.start('thing')).toThrow(PanelError);
  });

  it('stops at the daily budget, and is refused from the start when it is spent', async () => {
    const { scanner, jobs, attempts } = scannerOf(
      five.map((address) => providerAt(address)),
      answer,
      { bytesPerDay: 250, concurrency: 1 },
    );
    const job = await jobs.ended(scanner.start('thing').id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'budget-spent' } });
    expect(attempts()).toHaveLength(2);
    expect(() => scanner.start('thing')).toThrow(expect.objectContaining({ code: 'budget-spent' }));
  });

  it('throws away the times that our own stalled loop spoiled, keeps the answer, and tries again', async () => {
    let stalls = 1;
    const { scanner, jobs, attempts } = scannerOf([providerAt('10.0.0.1')], async () => {
      if (stalls-- > 0) {
        const until = performance.now() + 40;
        while (performance.now() < until);
      }
      return answer();
    });
    await jobs.ended(scanner.start('thing').id);
    const answered = attempts().flatMap((one) => (one.reason === null ? [one.samples.length] : []));
    expect(answered).toHaveLength(6);
    expect(answered.filter((samples) => samples === 0)).toHaveLength(1);
  });

  it('fails with our own mistake only after the others were measured, and keeps what they measured', async () => {
    const { scanner, jobs, attempts } = scannerOf(
      five.map((address) => providerAt(address)),
      async ({ address }) => {
        if (address === '10.0.0.1') throw new Error('a mistake in a probe');
        return answer();
      },
    );
    const job: Job = await jobs.ended(scanner.start('thing').id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'internal' } });
    expect(attempts()).toHaveLength(4);
  });
});
