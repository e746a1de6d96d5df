/** A repeated request gets the scan that has just ended. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { Prober } from '../../plugin/probe/index.js';
import { PAUSES } from '../../plugin/scan/recent.js';
import { createScanner, five, type Options, providerAt } from './made.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) await close();
});

const pass = (ms: number) => vi.advanceTimersByTime(ms);

/** A refusal is a measurement, and has a scan of one pass. */
const refuses: Prober = async () => ({ level: 1, reason: 'refused' });

function community(providers: readonly Provider[], probe = refuses, options: Options = {}) {
  const { scanner, jobs, attempts, close } = createScanner(providers, probe, { pauses: PAUSES, ...options });
  closers.push(close);
  const scan = async (id?: string, offer = {}) => {
    const job = scanner.start('thing', id, offer);
    await jobs.ended(job.id);
    return job.id;
  };
  return { scanner, jobs, attempts, scan };
}

describe('a repeated request for a scan', () => {
  it('returns the ended scan for a minute, and then starts a new one', async () => {
    const { scan, jobs, attempts } = community(five.map((address) => providerAt(address)));
    const first = await scan();
    pass(59_000);
    expect(await scan()).toBe(first);
    expect(jobs.get(first).state).toBe('done');
    expect(attempts()).toHaveLength(5);
    pass(2_000);
    expect(await scan()).not.toBe(first);
    expect(attempts()).toHaveLength(10);
  });

  it('starts a new scan of one provider after ten seconds', async () => {
    const { scan } = community(five.map((address) => providerAt(address)));
    const all = await scan();
    pass(9_000);
    expect(await scan('10.0.0.2')).toBe(all);
    pass(2_000);
    const one = await scan('10.0.0.2');
    expect(one).not.toBe(all);
    expect(await scan('10.0.0.2')).toBe(one);
    expect(await scan()).toBe(all);
    expect(await scan('10.0.0.3')).not.toBe(all);
  });

  it('starts a new scan when the last one covered less: one provider only, or not a newcomer', async () => {
    const providers = [providerAt('10.0.0.1')];
    const { scan } = community(providers);
    const one = await scan('10.0.0.1');
    const all = await scan();
    expect(all).not.toBe(one);
    providers.push(providerAt('10.0.0.2'));
    expect(await scan()).not.toBe(all);
  });

  it('starts a new scan when the last one failed, or did not measure everything', async () => {
    const { scan, jobs } = community([providerAt('10.0.0.1'), providerAt('10.0.0.2')], refuses, {
      bytesPerDay: 150,
      concurrency: 1,
    });
    expect(jobs.get(await scan())).toMatchObject({ state: 'failed', error: { code: 'budget-spent' } });
    await expect(scan()).rejects.toMatchObject({ code: 'budget-spent' });
  });

  it('returns the ended scan even when the budget has been spent since', async () => {
    const { scan } = community([providerAt('10.0.0.1')], refuses, { bytesPerDay: 150 });
    expect(await scan()).toBe(await scan());
  });

  it('starts a new scan when a person offers an account', async () => {
    const accounts: unknown[] = [];
    const { scan } = community([providerAt('10.0.0.1')], async (_, { account }) => {
      accounts.push(account);
      return { level: 3, reason: 'refuses-me' };
    });
    const account = { user: 'neighbour', password: 'secret' };
    const first = await scan('10.0.0.1');
    expect(await scan('10.0.0.1', { account })).not.toBe(first);
    expect(accounts).toEqual([undefined, account]);
  });
});
