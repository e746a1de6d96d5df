/** The budget of the list: a flood keeps out itself, and nobody who was here before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANNOUNCER_CAP } from '../../plugin/announcement/tag-read.js';
import {
  ADDRESS_CAP,
  admit,
  allotShares,
  type Claim,
  ENTRIES_CAP,
  PROVIDERS_CAP,
  UNKNOWN_TYPES_CAP,
  WITNESSES_CAP,
} from '../../plugin/discovery/budget.js';

const times = <T>(count: number, make: (nth: number) => T) => Array.from({ length: count }, (_, nth) => make(nth));

describe('allotShares', () => {
  it('gives everyone everything where there is room', () => {
    expect(allotShares([3, 0, 64, 1])).toEqual([3, 0, 64, 1]);
  });

  it('lists those who were here before 2,500 strangers with 64 entries each, and one entry of each of 700 newcomers', () => {
    const shares = allotShares([...times(20, () => 9), ...times(2_500, () => 64)]);
    expect(shares.slice(0, 20)).toEqual(times(20, () => 9));
    const among = allotShares([...times(20, () => 9), ...times(700, () => 64), 9]);
    expect(among.at(-1)).toBeGreaterThanOrEqual(1);
  });

  it('gives nobody more than they have, never more than the budget, and never less to those who were here before', () => {
    const counts = fc.array(fc.integer({ min: 0, max: ANNOUNCER_CAP }), { maxLength: 200 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 500 }), (all, budget) => {
        const shares = allotShares(all, budget);
        const sum = shares.reduce((total, share) => total + share, 0);
        const wanted = all.reduce((total, count) => total + count, 0);
        expect(sum).toBe(Math.min(budget, wanted));
        for (const [at, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(all[at] ?? 0);
          const later = shares.slice(at + 1);
          if (share < (all[at] ?? 0)) for (const other of later) expect(other).toBeLessThanOrEqual(share + 1);
        }
      }),
    );
  });

  it('is bounded by the budget of the community', () => {
    expect(allotShares(times(10_000, () => 64)).reduce((sum, share) => sum + share, 0)).toBe(ENTRIES_CAP);
  });
});

describe('admit', () => {
  const claim = (nth: number, change: Partial<Claim> = {}): Claim => ({
    ...{ provider: `${nth}`, type: 'syncthing', address: `10.${nth >> 8}.0.${nth & 255}`, announcer: `${nth}` },
    trusted: false,
    ...change,
  });
  const count = (claims: readonly Claim[]) => admit(claims, (type) => type === 'syncthing').size;

  it('caps providers in all, of one announcer and at one address', () => {
    expect(count(times(PROVIDERS_CAP + 10, (nth) => claim(nth)))).toBe(PROVIDERS_CAP);
    expect(count(times(200, (nth) => claim(nth, { announcer: 'one' })))).toBe(ANNOUNCER_CAP);
    expect(count(times(200, (nth) => claim(nth, { address: '10.0.0.1' })))).toBe(ADDRESS_CAP);
  });

  it('caps unknown types at a hundred, and not the providers of each', () => {
    expect(count(times(300, (nth) => claim(nth, { type: `word${nth}` })))).toBe(UNKNOWN_TYPES_CAP);
    expect(count(times(300, (nth) => claim(nth, { type: 'word' })))).toBe(300);
  });

  it('caps the announcers of one provider, and always lists what the owner lists', () => {
    expect(count(times(300, (nth) => claim(nth, { provider: 'one' })))).toBe(WITNESSES_CAP);
    expect(count(times(300, (nth) => claim(nth, { announcer: 'list', type: `word${nth}`, trusted: true })))).toBe(300);
  });
});
