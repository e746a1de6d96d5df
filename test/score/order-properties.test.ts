/** What must hold for every list and every row of scans: the invariants of order and recommendation, each by its name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { Score } from '../../plugin/model/score.js';
import { toScore } from '../../plugin/score/index.js';
import { rank } from '../../plugin/score/rank.js';
import { recommend } from '../../plugin/score/recommend.js';
import type { Recommendation } from '../../plugin/store/tables/recommendations.js';
import { answered, failed, HOUR, history, NOW, provider, scored, TYPE } from './made.js';

type List = readonly (readonly [string, readonly Attempt[] | null])[];

const anId = fc.stringMatching(/^[0-9a-f]{3}$/);
const histories = fc.uniqueArray(fc.tuple(anId, fc.option(history)), {
  selector: ([id]) => id,
  minLength: 2,
  maxLength: 8,
});

function ranked(list: List, estimates?: ReadonlyMap<string, number>): Ranked[] {
  const scores = new Map<string, Score>();
  for (const [id, attempts] of list) if (attempts) scores.set(id, toScore(TYPE, attempts, NOW));
  return rank(
    list.map(([id]) => provider(id)),
    scores,
    { seed: 'node', ...(estimates && { estimates }) },
  );
}

describe('the order, for any list', () => {
  it('P4: reads only its own attempts: who else is listed changes no score and no order between two', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (list, nth) => {
        const gone = list[nth % list.length]?.[0];
        const all = ranked(list).filter((row) => row.provider.id !== gone);
        const fewer = ranked(list.filter(([id]) => id !== gone));
        // Only being the best, and being as good, depends on the others.
        const plain = (rows: Ranked[]) => rows.map(({ recommended: _, asGood: __, ...row }) => row);
        expect(plain(fewer)).toEqual(plain(all));
      }),
    );
  });

  it('P13: orders equals the same way, however the list comes in', () => {
    const kinds = [null, [answered(0, { answer: 20 })], [answered(HOUR, { answer: 20 })], [failed(0)]];
    const few = fc.uniqueArray(fc.tuple(anId, fc.constantFrom(...kinds)), {
      selector: ([id]) => id,
      minLength: 2,
      maxLength: 12,
    });
    const shuffled = few.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list], { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.array(fc.tuple(anId, fc.nat({ max: 2 }))), ([one, other], estimates) => {
        const known = new Map([...estimates, ...one.map(([id], nth) => [id, nth % 2] as const).slice(0, 4)]);
        expect(ranked(other, known)).toEqual(ranked(one, known));
      }),
    );
  });
});

/** One scan's outcome for a few providers: points, 0 where it failed, null where it is not listed. */
const points = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 60, max: 75, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, null) },
);
const scans = fc.array(fc.tuple(points, points, points, points, points), { minLength: 2, maxLength: 40 });

const listOf = (scan: readonly (number | null)[], reserve?: ReadonlySet<string>): Ranked[] => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const listed = ids.filter((_, nth) => scan[nth] !== null);
  return rank(
    listed.map((id) => provider(id)),
    new Map(ids.map((id, nth) => [id, scored(Number(scan[nth]))])),
    { ...(reserve && { reserve }) },
  );
};
const scoreIn = (rows: readonly Ranked[], id: string | undefined) =>
  Number(rows.find((row) => row.provider.id === id)?.score ?? 0);

/** Every scan's list, one an hour, with the recommendation before and after it. */
function replay(history: readonly (readonly (number | null)[])[], reserve?: ReadonlySet<string>) {
  let standing: Recommendation | null = null;
  return history.map((scan, hour) => {
    const rows = listOf(scan, reserve);
    const before = standing;
    standing = recommend(rows, before, { seed: 'node', now: hour * 3_600_000 });
    return { rows, before: before?.provider, after: standing?.provider };
  });
}

describe('the recommendation, for any row of scans', () => {
  it('P14: never points to a failed or vanished provider while another serves', () => {
    fc.assert(
      fc.property(scans, (history) => {
        for (const { rows, after } of replay(history)) {
          const serving = rows.some(({ score }) => Number(score) > 0);
          expect(scoreIn(rows, after) > 0).toBe(serving);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('P14: points to one in reserve only while no other serves, and to some that serves all the same', () => {
    const reserves = fc.subarray(['a', 'b', 'c', 'd', 'e']).map((ids) => new Set(ids));
    fc.assert(
      fc.property(scans, reserves, (history, reserve) => {
        for (const { rows, after } of replay(history, reserve)) {
          const serving = rows.filter(({ score }) => Number(score) > 0).map(({ provider }) => provider.id);
          expect(scoreIn(rows, after) > 0).toBe(serving.length > 0);
          if (serving.some((id) => !reserve.has(id))) expect(reserve.has(after ?? '')).toBe(false);
          const badge = rows.find(({ recommended }) => recommended)?.provider.id;
          expect(reserve.has(badge ?? '')).toBe(serving.length > 0 && serving.every((id) => reserve.has(id)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('P14: changes at most once in two scans, unless the provider failed or is gone', () => {
    fc.assert(
      fc.property(scans, (history) => {
        const free = replay(history).map(
          ({ rows, before, after }) => before !== undefined && before !== after && scoreIn(rows, before) > 0,
        );
        expect(free.some((changed, nth) => changed && free[nth + 1])).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('P14: changes freely only to one that leads by two points, and is not two behind anybody', () => {
    fc.assert(
      fc.property(scans, (history) => {
        for (const { rows, before, after } of replay(history)) {
          if (before === undefined || before === after || scoreIn(rows, before) === 0) continue;
          expect(scoreIn(rows, after) - scoreIn(rows, before)).toBeGreaterThanOrEqual(2);
          expect(Number(rows[0]?.score) - scoreIn(rows, after)).toBeLessThan(2);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
