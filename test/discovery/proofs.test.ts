/** Proofs that a member is where it says: asked for seldom, one at a time, and kept. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Proofs, type Prove } from '../../plugin/discovery/proofs.js';
import type { Announcement } from '../../plugin/model/provider.js';

const said = (node: string, change: Partial<Announcement> = {}): Announcement => ({
  ...{ type: 'syncthing', node, host: '', address: '10.0.0.1', port: 22_000, description: '', community: '' },
  ...{ txt: new Map(), gossip: { address: '10.0.0.1', port: 7946 } },
  ...change,
});

function proofs(prove: Prove | undefined, canAsk = () => true) {
  vi.useFakeTimers();
  const changed = vi.fn();
  const all = new Proofs(prove, canAsk, changed);
  onTestFinished(() => {
    all.close();
    vi.useRealTimers();
  });
  return { all, changed };
}

describe('proofs', () => {
  it('believe a node that a ping by name found, and notify of the change', async () => {
    const { all, changed } = proofs(async ({ node }) => node === 'honest');
    expect([said('honest'), said('liar')].map((one) => all.isProven(one))).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([said('honest'), said('liar')].map((one) => all.isProven(one))).toEqual([true, false]);
    expect(changed).toHaveBeenCalledOnce();
  });

  it('ping one at a time, at most twice a second, with a bounded queue', async () => {
    const asked: string[] = [];
    const { all } = proofs(async ({ node }) => asked.push(node) > 0);
    for (let nth = 0; nth < 1_000; nth++) all.isProven(said(`node${nth}`));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThanOrEqual(21);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toHaveLength(64);
  });

  it('never ping another address, a nameless node or a forbidden address', async () => {
    const prove = vi.fn(async () => true);
    const { all } = proofs(prove);
    const elsewhere = said('a', { gossip: { address: '10.6.6.6', port: 7946 } });
    for (const one of [elsewhere, said('a', { gossip: null }), said('')]) expect(all.isProven(one)).toBe(false);
    const barred = proofs(prove, () => false).all;
    expect(barred.isProven(said('a'))).toBe(false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(prove).not.toHaveBeenCalled();
  });

  it('survive a ping that throws, and are renewed when they expire', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const prove = vi.fn<Prove>().mockRejectedValueOnce(new Error('a mistake')).mockResolvedValue(true);
    const { all } = proofs(prove);
    all.isProven(said('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.isProven(said('a'))).toBe(false);
    await vi.advanceTimersByTimeAsync(6 * 60_000);
    all.isProven(said('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.isProven(said('a'))).toBe(true);
    expect(prove).toHaveBeenCalledTimes(2);
  });
});
