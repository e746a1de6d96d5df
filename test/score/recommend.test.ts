/** The recommendation over many scans: it leaves what fails at once, follows what is clearly better, and holds still otherwise. */
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { Part } from '../../plugin/model/score.js';
import { nearEquals } from '../../plugin/score/equals.js';
import { type Preferences, rank } from '../../plugin/score/rank.js';
import { recommend } from '../../plugin/score/recommend.js';
import { provider, scored } from './made.js';

type Line = readonly [id: string, score: number, more?: Partial<Provider>];

function rows(lines: readonly Line[], hidden: readonly string[] = [], reserve: readonly string[] = []): Ranked[] {
  return rank(
    lines.map(([id, , more]) => provider(id, more)),
    new Map(lines.map(([id, score]) => [id, scored(score)])),
    { hidden: new Set(hidden), reserve: new Set(reserve) },
  );
}

const part = (rtt: number): Part => ({
  ...{
    metric: 'rtt',
    value: rtt,
    unit: 'ms',
    mark: 0.9,
    weight: 1,
    lost: 0,
    failures: 0,
    doubt: 0,
    count: 1,
    fresh: 1,
  },
});
const stands = (provider: string) => ({ provider, challenger: null });
const led = (provider: string, challenger: string, leadsSince: number) => ({ provider, challenger, leadsSince });
const SEED = 'node 1';
const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const AT = { seed: SEED, now: NOW };
const later = (hours: number) => ({ ...AT, now: NOW + hours * HOUR });

describe('the recommendation after a scan', () => {
  it('is the best at first', () => {
    expect(
      recommend(
        rows([
          ['a', 60],
          ['b', 80],
        ]),
        null,
        AT,
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
        AT,
      ),
    ).toBeNull();
  });

  it('passes over what takes nobody new, even where it was recommended before', () => {
    const full = { txt: new Map([['full', '1']]) };
    const list = rows([
      ['a', 90, full],
      ['b', 60],
    ]);
    expect([recommend(list, null, AT), recommend(list, stands('a'), AT)]).toEqual([stands('b'), stands('b')]);
    expect(list.map(({ provider, score }) => [provider.id, score])).toEqual([
      ['a', 90],
      ['b', 60],
    ]);
    expect(recommend(rows([['a', 90, full]]), null, AT)).toBeNull();
  });

  it('passes over what is in reserve while another may be recommended, and leaves it at once when one is back', () => {
    const list = (other: number) =>
      rows(
        [
          ['a', 90],
          ['b', other],
        ],
        [],
        ['a'],
      );
    expect([recommend(list(40), null, AT), recommend(list(40), stands('a'), AT)]).toEqual([stands('b'), stands('b')]);
    expect(recommend(list(40), led('b', 'a', NOW - 30 * HOUR), AT)).toEqual(stands('b'));
    expect(recommend(list(0), stands('b'), AT)).toEqual(stands('a'));
  });

  it('stays while nobody leads by two points', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 71.9],
        ]),
        stands('a'),
        AT,
      ),
    ).toEqual(stands('a'));
  });

  it.each([
    [2, 12],
    [6, 4],
    [24, 1],
  ])('changes to one that has led by %i points for %i hours, and not before', (points, hours) => {
    const lead = rows([
      ['a', 70],
      ['b', 70 + points],
    ]);
    const once = recommend(lead, stands('a'), AT);
    expect(once).toEqual(led('a', 'b', NOW));
    const nearly = recommend(lead, once, later(hours - 0.1));
    expect(nearly).toEqual(once);
    expect(recommend(lead, nearly, later(hours))).toEqual(stands('b'));
  });

  it('waits from now on where the clock was set back, and where an earlier version did not note since when', () => {
    const lead = rows([
      ['a', 70],
      ['b', 76],
    ]);
    expect(recommend(lead, led('a', 'b', NOW + 9 * HOUR), AT)).toEqual(led('a', 'b', NOW));
    expect(recommend(lead, { provider: 'a', challenger: 'b' }, AT)).toEqual(led('a', 'b', NOW));
  });

  it('changes after two scans in a row where the owner found it bad, or it has moved', () => {
    const [a, b] = rows([
      ['a', 70],
      ['b', 72],
    ]).toReversed() as [Ranked, Ranked];
    const bad = [b, { ...a, rating: { count: 1, mean: 1, points: -5 } }];
    const good = [b, { ...a, rating: { count: 1, mean: 5, points: 5 } }];
    const moved = { ...AT, changedAt: NOW - 11 * HOUR };
    const movedLongAgo = { ...AT, changedAt: NOW - 13 * HOUR };
    const second = (list: readonly Ranked[], at: typeof moved | typeof AT) =>
      recommend(list, recommend(list, stands('a'), at), at)?.provider;
    const all = [second(bad, AT), second([b, a], moved), second(good, AT), second([b, a], movedLongAgo)];
    expect(all).toEqual(['b', 'b', 'a', 'a']);
  });

  it('leaves one that has been three times slower than usual for three hours, for others of less than ten points fewer', () => {
    const slow = (times: number, hours: number) => ({
      ...scored(90),
      worse: { metric: 'answer', since: Number(scored(90).measuredAt) - hours * HOUR, today: 20 * times, usual: 20 },
    });
    const list = (other: number, times = 3, hours = 3) => {
      const scores = new Map([
        ['a', slow(times, hours)],
        ['b', scored(other)],
      ]);
      return rank([provider('a'), provider('b')], scores);
    };
    const twice = (rows: Ranked[]) => recommend(rows, recommend(rows, stands('a'), AT), later(0.5));
    expect(twice(list(82))).toEqual(stands('b'));
    expect(twice(list(81))).toEqual(stands('a'));
    expect([twice(list(85, 2.9)), twice(list(85, 3, 2.9))]).toEqual([stands('a'), stands('a')]);
    // Nor is it chosen, or gone back to, while it is.
    expect([recommend(list(85), null, AT), recommend(list(85), led('b', 'a', NOW - 99 * HOUR), AT)]).toEqual([
      stands('b'),
      stands('b'),
    ]);
    expect(list(85).map(({ provider, score }) => [provider.id, score])).toEqual([
      ['a', 90],
      ['b', 85],
    ]);
  });

  it('forgets a challenger that fell back', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 71],
        ]),
        led('a', 'b', NOW - 30 * HOUR),
        AT,
      ),
    ).toEqual(stands('a'));
  });

  it('starts over with a new challenger', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 71],
          ['c', 80],
        ]),
        led('a', 'b', NOW - 30 * HOUR),
        AT,
      ),
    ).toEqual(led('a', 'c', NOW));
  });

  it('goes straight to the best when the challenger still leads but has been overtaken', () => {
    expect(
      recommend(
        rows([
          ['a', 70],
          ['b', 76],
          ['c', 85],
        ]),
        led('a', 'b', NOW - 2 * HOUR),
        AT,
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
    expect(recommend(list, stands('a'), AT)).toEqual(stands('b'));
  });

  it('waits for the return of the previous one while there is nobody else', () => {
    expect(recommend(rows([['a', 0]]), stands('a'), AT)).toEqual(stands('a'));
    expect(recommend(rows([]), stands('a'), AT)).toEqual(stands('a'));
  });
});

describe('the providers that are as good as the best', () => {
  const timed = (id: string, score: number, rtt: number) =>
    ({ ...rank([provider(id)], new Map([[id, scored(score)]]))[0], parts: [part(rtt)] }) as Ranked;
  const ids = (list: readonly Ranked[]) => nearEquals(list).map((row) => row.provider.id);

  it('have typical times at most a tenth longer', () => {
    expect(ids([timed('a', 80, 50), timed('b', 79, 55), timed('c', 78.9, 56), timed('d', 78.1, 20)])).toEqual([
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

describe('what only answers', () => {
  const list = (unproven: number, proven: number, more: Preferences = {}) => {
    const scores = new Map([
      ['a', { ...scored(unproven), level: 2 as const, unproven: true }],
      ['b', scored(proven)],
    ]);
    return rank([provider('a'), provider('b')], scores, more);
  };
  const badge = (all: readonly Ranked[]) => all.find(({ recommended }) => recommended)?.provider.id;

  it('goes after what is proven to work at the same score, in the list and in the recommendation', () => {
    expect(list(80, 80).map((row) => row.provider.id)).toEqual(['b', 'a']);
    expect(badge(list(80.5, 80))).toBe('b');
    expect(recommend(list(80.5, 80), stands('a'), AT)).toEqual(stands('b'));
  });

  it('is as good, whatever its points, where nothing but its answers is known', () => {
    expect(badge(list(84, 80))).toBe('b');
    expect(badge(list(90, 80))).toBe('a');
  });

  it('goes before what has fewer points, where its path was measured', () => {
    const timed = rank(
      [provider('a'), provider('b')],
      new Map([
        ['a', { ...scored(84), level: 2, unproven: true, parts: [part(10)] }],
        ['b', { ...scored(80), parts: [part(30)] }],
      ]),
    );
    expect(badge(timed)).toBe('a');
  });
});

describe('the recommendations of many nodes', () => {
  const equals = rows([
    ['a', 80],
    ['b', 79.5],
    ['c', 79],
    ['d', 78.1],
    ['e', 70],
  ]);
  const seeds = Array.from({ length: 4_000 }, (_, nth) => `node ${nth}`);
  const choices = (list: readonly Ranked[]) =>
    seeds.map((seed) => recommend(list, null, { ...AT, seed })?.provider ?? '');

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
