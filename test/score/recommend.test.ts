/** The recommendation over many scans: it leaves what fails at once, follows what is clearly better, and holds still otherwise. */
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import { nearEquals } from '../../plugin/score/equals.js';
import { rank } from '../../plugin/score/rank.js';
import { concerns, recommend } from '../../plugin/score/recommend.js';
import { provider, scored } from './made.js';

type Line = readonly [id: string, score: number, more?: Partial<Provider>];

function rows(lines: readonly Line[], hidden: readonly string[] = []): Ranked[] {
  return rank(
    lines.map(([id, , more]) => provider(id, more)),
    new Map(lines.map(([id, score]) => [id, scored(score)])),
    { hidden: new Set(hidden) },
  );
}

const stands = (provider: string, challenger: string | null = null) => ({ provider, challenger });
const SEED = 'node 1';

it('a recommendation is reconsidered after every scan, and after a probe of its provider or its challenger', () => {
  const standing = stands('a', 'b');
  const moved = [['a'], ['b'], ['c'], ['c', 'd']].map((measured) => concerns(standing, measured));
  expect(moved).toEqual([true, true, false, true]);
  expect(concerns(null, ['c'])).toBe(true);
});

describe('the recommendation after a scan', () => {
  it('is the best at first', () => {
    expect(
      recommend(
        rows([
          ['a', 60],
          ['b', 80],
        ]),
        null,
        SEED,
      ),
    ).toEqual(stands('b'));
  });

  it('is null while nobody may be recommended', () => {
    expect(
      recommend(
        rows([
          ['a', 0],
          ['b', 80, { self: true }],
        ]),
        null,
        SEED,
      ),
    ).toBeNull();
  });

  it('stays while nobody leads by four points', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 73.9],
        ]),
        stands('a'),
        SEED,
      ),
    ).toEqual(stands('a'));
  });

  it('changes to one that leads by four points in two scans in a row', () => {
    const lead = rows([
      ['a', 70],
      ['b', 74],
    ]);
    const once = recommend(lead, stands('a'), SEED);
    expect(once).toEqual(stands('a', 'b'));
    expect(recommend(lead, once, SEED)).toEqual(stands('b'));
  });

  it('forgets a challenger that fell back', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 73],
        ]),
        stands('a', 'b'),
        SEED,
      ),
    ).toEqual(stands('a'));
  });

  it('starts over with a new challenger', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 72],
          ['c', 80],
        ]),
        stands('a', 'b'),
        SEED,
      ),
    ).toEqual(stands('a', 'c'));
  });

  it('goes straight to the best when the challenger still leads but has been overtaken', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 76],
          ['c', 85],
        ]),
        stands('a', 'b'),
        SEED,
      ),
    ).toEqual(stands('c'));
  });

  it.each([
    [
      'failed',
      rows([
        ['a', 0],
        ['b', 50],
      ]),
    ],
    ['is gone', rows([['b', 50]])],
    [
      'was hidden',
      rows(
        [
          ['a', 90],
          ['b', 50],
        ],
        ['a'],
      ),
    ],
    [
      'is confirmed by nobody',
      rows([
        ['a', 90, { stale: true }],
        ['b', 50],
      ]),
    ],
    [
      'turned out to be this node',
      rows([
        ['a', 90, { self: true }],
        ['b', 50],
      ]),
    ],
  ])('moves away at once from one that %s', (_, list) => {
    expect(recommend(list, stands('a'), SEED)).toEqual(stands('b'));
  });

  it('waits for the return of the previous one while there is nobody else', () => {
    expect(recommend(rows([['a', 0]]), stands('a'), SEED)).toEqual(stands('a'));
    expect(recommend(rows([]), stands('a'), SEED)).toEqual(stands('a'));
  });
});

describe('the providers that are as good as the best', () => {
  const timed = (id: string, score: number, rtt: number) => {
    const part = { metric: 'rtt', value: rtt, unit: 'ms', mark: 0.9, weight: 1, lost: 0, failures: 0, doubt: 0 };
    return {
      ...rank([provider(id)], new Map([[id, scored(score)]]))[0],
      parts: [{ ...part, count: 1, fresh: 1 }],
    } as Ranked;
  };
  const ids = (list: readonly Ranked[]) => nearEquals(list).map((row) => row.provider.id);

  it('have typical times at most a fifth longer', () => {
    expect(ids([timed('a', 80, 50), timed('b', 79, 59), timed('c', 78.9, 63), timed('d', 77, 20)])).toEqual([
      'a',
      'b',
      'd',
    ]);
  });

  it('are told apart by their times even where the curve of the score has ended', () => {
    expect(ids([timed('a', 90, 10), timed('b', 90, 77)])).toEqual(['a']);
  });

  it('are not told apart by less than anybody feels, nor by times that one of them lacks', () => {
    expect(ids([timed('a', 90, 0.2), timed('b', 90, 0.4), { ...timed('c', 90, 9), parts: [] }])).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
});

describe('the recommendations of many nodes', () => {
  const equals = rows([
    ['a', 80],
    ['b', 79],
    ['c', 78],
    ['d', 77],
    ['e', 70],
  ]);
  const seeds = Array.from({ length: 4_000 }, (_, nth) => `node ${nth}`);
  const choices = (list: readonly Ranked[]) => seeds.map((seed) => recommend(list, null, seed)?.provider ?? '');

  it('fall on equals alike, and on nobody else', () => {
    const counts = new Map<string, number>();
    for (const id of choices(equals)) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
    // 1 000 each, within five standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(140);
  });

  it('move only from the one that is gone', () => {
    const [before, after] = [equals, equals.filter((row) => row.provider.id !== 'c')].map(choices);
    const moved = before?.filter((id, node) => id !== after?.[node]) ?? [];
    expect(new Set(moved)).toEqual(new Set(['c']));
  });
});
