import { afterAll, describe, expect, it } from 'vitest';
import type { Prober } from '../../plugin/probe/index.js';
import type { Provider } from '../../plugin/provider.js';
import { attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard } from '../../plugin/scan/lag.js';
import type { ServiceType } from '../../plugin/services/index.js';

const lag = new LagGuard();
afterAll(() => lag.close());
const provider = { id: 'p', type: 'thing', address: '10.0.0.1', port: 1 } as unknown as Provider & { port: number };
const attempt = (probe: Prober, signal = new AbortController().signal) => {
  const type = { id: 'thing', probe, cost: { packets: 1, bytes: 60 }, metrics: [] } as unknown as ServiceType;
  return attemptOnce(type, provider, { lag, now: () => 7, signal, deadlineMs: 50 });
};
const never = new Promise<never>(() => {});

describe('an attempt', () => {
  it('counts the bytes that the probe saw, but never less than the declared cost', async () => {
    const of = async (bytes: number) =>
      (
        await attempt(async (_, { traffic }) => {
          traffic.received += bytes;
          return { level: 3, samples: [], facts: {} };
        })
      ).attempt?.bytes;
    expect([await of(10), await of(1_000)]).toEqual([60, 1_000]);
  });

  it('ends at its deadline as a timeout without a number, also when the probe does not heed its signal', async () => {
    const expected = { provider: 'p', type: 'thing', at: 7, bytes: 60, level: 0, reason: 'timeout', detail: null };
    expect((await attempt(() => never)).attempt).toEqual(expected);
    const heeding: Prober = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect((await attempt(heeding)).attempt).toEqual(expected);
  });

  it('is no attempt at all when its job is cancelled', async () => {
    const abort = new AbortController();
    const trying = attempt(() => never, abort.signal);
    abort.abort();
    await expect(trying).rejects.toThrow('aborted');
  });

  it('throws our own mistakes', async () => {
    await expect(attempt(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
  });

  it('blames nobody for a failure while our own loop stood still', async () => {
    const outcome = await attempt(async () => {
      const until = performance.now() + 600;
      while (performance.now() < until);
      return { level: 2, reason: 'timeout' };
    });
    expect(outcome).toEqual({ attempt: null, lagged: true });
  });
});
