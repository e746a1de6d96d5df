/** The order of a type's list, and which provider is recommended. */
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { Score } from '../../plugin/model/score.js';
import { toScore, UNTRIED } from '../../plugin/score/index.js';
import { type Preferences, rank, withoutOwnerMarks } from '../../plugin/score/rank.js';
import { answered, failed, HOUR, NOW, provider, SECOND, scored, TYPE, UNSCORED_TYPE } from './made.js';

const good = toScore(TYPE, [answered(0, { answer: 10, rtt: 8, loss: 0 })], NOW);
const poor = toScore(TYPE, [answered(0, { answer: 400, rtt: 300, loss: 0.05 })], NOW);
const dead = toScore(TYPE, [failed(0)], NOW);
const open = toScore(UNSCORED_TYPE, [answered(0, { rtt: 5 }, 2)], NOW);

const list = (rows: readonly (readonly [string, Score, Partial<Provider>?])[], preferences?: Preferences) =>
  rank(
    rows.map(([id, , more]) => provider(id, more)),
    new Map(rows.map(([id, score]) => [id, score])),
    preferences,
  );
const ids = (rows: ReturnType<typeof list>) => rows.map((row) => row.provider.id);
const recommended = (rows: ReturnType<typeof list>) => ids(rows.filter((row) => row.recommended));

describe('the ranked list', () => {
  it('goes from the best to the worst, then those without a score, then the dead', () => {
    const rows = list([
      ['a-dead', dead],
      ['b-untried', UNTRIED],
      ['c-open', open],
      ['d-poor', poor],
      ['e-good', good],
    ]);
    expect(ids(rows)).toEqual(['e-good', 'd-poor', 'c-open', 'b-untried', 'a-dead']);
  });

  it('lists the untried by Serf’s estimate, then by what the network sees, and moves nothing else by it', () => {
    const untried = ['a', 'b', 'c', 'd', 'e'].map((id) => [id, UNTRIED] as const);
    const distances = new Map(Object.entries({ b: 900, d: 300, e: 100, good: 9_000, poor: 1 }));
    const rows = list([...untried, ['good', good], ['poor', poor], ['z', UNTRIED, { barred: 'not-allowed' }]], {
      ...{ estimates: new Map([['c', 40]]), distances },
    });
    expect(ids(rows)).toEqual(['good', 'poor', 'c', 'e', 'd', 'b', 'a', 'z']);
    expect(rows.map(({ distance }) => distance)).toEqual([
      undefined,
      undefined,
      undefined,
      100,
      300,
      900,
      undefined,
      undefined,
    ]);
  });

  it('puts a provider that refuses instantly last, behind the slowest that answers', () => {
    const refused = toScore(TYPE, [failed(0, 'refused', 1)], NOW);
    const slowest = toScore(TYPE, [answered(0, { answer: 5000, rtt: 5000, loss: 1 })], NOW);
    expect(
      ids(
        list([
          ['a', refused],
          ['b', slowest],
        ]),
      ),
    ).toEqual(['b', 'a']);
  });

  it('has what answered without proving the service among those without a score, and never recommends it', () => {
    const unproven = toScore(TYPE, [answered(0, { rtt: 5 }, 2), failed(HOUR)], NOW);
    const rows = list([
      ['a-dead', dead],
      ['b-unproven', unproven],
      ['c-poor', poor],
    ]);
    expect(ids(rows)).toEqual(['c-poor', 'b-unproven', 'a-dead']);
    expect(rows[1]).toMatchObject({ score: null, low: null, high: null, parts: [], reason: 'not-checked', level: 2 });
    expect(recommended(list([['b-unproven', unproven]]))).toEqual([]);
  });

  it('orders equals by id within each group', () => {
    const rows = list(
      ['f', 'e', 'd', 'c', 'b', 'a'].map((id, index) => [id, [good, UNTRIED, dead][index % 3] ?? good]),
    );
    expect(ids(rows)).toEqual(['c', 'f', 'b', 'e', 'a', 'd']);
  });

  it('treats a provider without a score as never tried', () => {
    const unmarked = { pinned: false, hidden: false, reserve: false };
    const plain = { ...unmarked, recommended: false, asGood: false, estimate: null };
    expect(rank([provider('a')], new Map())).toEqual([{ ...UNTRIED, ...plain, provider: provider('a') }]);
  });

  it.each(['not-allowed', 'no-port'] as const)(
    'says %s of a provider that may not be probed, whatever it once scored',
    (barred) => {
      const [first, second] = list([
        ['a', good, { barred }],
        ['b', poor],
      ]);
      expect(first?.provider.id).toBe('b');
      expect(second).toMatchObject({ score: null, reason: barred, parts: [], measuredAt: null, recommended: false });
    },
  );

  it('keeps the stars of a provider that may not be probed', () => {
    const rated = toScore(TYPE, [], NOW, [{ at: NOW, stars: 5 }]);
    expect(list([['a', rated, { barred: 'declined' }]])[0]).toMatchObject({ rating: rated.rating, reason: 'declined' });
  });

  it('puts hidden ones last, in their own order, and moves no pinned one', () => {
    const rows = list(
      [
        ['a', good],
        ['b', dead],
        ['c', poor],
        ['d', good],
      ],
      { hidden: new Set(['a', 'c']), pinned: new Set(['b']) },
    );
    expect(rows.map(({ provider, hidden, pinned }) => [provider.id, hidden, pinned])).toEqual([
      ['d', false, false],
      ['b', false, true],
      ['a', true, false],
      ['c', true, false],
    ]);
  });

  it('orders those never measured by their estimate, the unknown ones last, and estimates nobody else', () => {
    const estimates = new Map([
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['e', 30],
      ['f', 4],
      ['g', 4],
    ]);
    const untried = ['d', 'e', 'g', 'f'].map((id) => [id, UNTRIED] as const);
    const rows = list([['a', good], ['b', open], ['c', UNTRIED, { barred: 'no-port' }], ...untried], { estimates });
    expect(rows.map(({ provider, estimate }) => [provider.id, estimate])).toEqual([
      ['a', null],
      ['b', null],
      ['f', 4],
      ['g', 4],
      ['e', 30],
      ['c', null],
      ['d', null],
    ]);
  });
});

describe('those as good as the best', () => {
  const asGood = (rows: ReturnType<typeof list>) => ids(rows.filter((row) => row.asGood));

  it('are less than two points behind, the best among them', () => {
    const rows = list([
      ['a', scored(80)],
      ['b', scored(79)],
      ['c', scored(78.01)],
      ['d', scored(78)],
    ]);
    expect(asGood(rows)).toEqual(['a', 'b', 'c']);
  });

  it('are not those whose interval ends below it: they are known to be worse', () => {
    const rows = list([
      ['a', scored(80)],
      ['b', { ...scored(79), high: 79.5 }],
      ['c', { ...scored(79), high: 80 }],
    ]);
    expect(asGood(rows)).toEqual(['a', 'c']);
  });

  it('do not include those with a wide interval alone', () => {
    expect(
      asGood(
        list([
          ['a', scored(80)],
          ['b', { ...scored(70), high: 99 }],
        ]),
      ),
    ).toEqual([]);
  });

  it('are empty when the best has no equal, and never include one that may not be recommended', () => {
    const rows = list(
      [
        ['a', scored(90), { self: true }],
        ['b', scored(90), { stale: true }],
        ['c', scored(90)],
        ['d', scored(90)],
      ],
      { hidden: new Set(['c']) },
    );
    expect(asGood(rows)).toEqual([]);
    expect(recommended(rows)).toEqual(['d']);
  });
});

describe('the recommendation', () => {
  it('goes to the best one', () => {
    expect(
      recommended(
        list([
          ['a', poor],
          ['b', good],
        ]),
      ),
    ).toEqual(['b']);
  });

  it('skips this node and providers that no source confirms any more', () => {
    const rows = list([
      ['a', good, { self: true }],
      ['b', good, { stale: true }],
      ['c', poor],
    ]);
    expect(ids(rows)).toEqual(['a', 'b', 'c']);
    expect(recommended(rows)).toEqual(['c']);
  });

  it('goes to one in reserve only while no other may be recommended, and moves none in the list', () => {
    const rows = [
      ['a', good],
      ['b', poor],
    ] as const;
    const reserve = { reserve: new Set(['a']), recommended: 'a' };
    const both = list(rows, reserve);
    expect([ids(both), recommended(both), ids(both.filter((row) => row.asGood))]).toEqual([['a', 'b'], ['b'], []]);
    expect(both.map((row) => [row.score, row.reserve])).toEqual([
      [good.score, true],
      [poor.score, false],
    ]);
    const alone = [['a', good] as const, ['b', dead] as const];
    expect(recommended(list(alone, reserve))).toEqual(['a']);
    expect(
      recommended(
        list(
          [
            ['a', good],
            ['b', poor, { stale: true }],
          ],
          reserve,
        ),
      ),
    ).toEqual(['a']);
  });

  it('is empty while nobody has proven to work', () => {
    expect(
      recommended(
        list([
          ['a', dead],
          ['b', UNTRIED],
          ['c', open],
        ]),
      ),
    ).toEqual([]);
  });

  it('stays while allowed, however far it trails, and moves at once when it is not', () => {
    const rows = [
      ['a', good],
      ['b', poor],
    ] as const;
    expect(recommended(list(rows, { recommended: 'b' }))).toEqual(['b']);
    expect(recommended(list(rows, { recommended: 'b', hidden: new Set(['b']) }))).toEqual(['a']);
    expect(recommended(list(rows, { recommended: 'gone' }))).toEqual(['a']);
    const failing = toScore(TYPE, [failed(0), failed(60 * SECOND), answered(HOUR, { answer: 10 })], NOW);
    expect(
      recommended(
        list(
          [
            ['a', poor],
            ['b', failing],
          ],
          { recommended: 'b' },
        ),
      ),
    ).toEqual(['a']);
  });

  it('is spread over equals by the seed of the node', () => {
    const equals = ['a', 'b', 'c'].map((id) => [id, good] as const);
    const of = (seed: string) => recommended(list([...equals, ['d', poor]], { seed }))[0];
    const seeds = Array.from({ length: 50 }, (_, nth) => `node ${nth}`);
    expect(new Set(seeds.map(of))).toEqual(new Set(['a', 'b', 'c']));
    expect(of('node 1')).toBe(of('node 1'));
  });
});

describe('the list as if nothing were marked', () => {
  const rows = [
    ['a', scored(96)],
    ['b', scored(90)],
    ['c', scored(89)],
    ['d', dead],
  ] as const;
  const seen = (preferences: Preferences) => withoutOwnerMarks(list(rows, preferences));
  const hidden = (...ids: string[]) => new Set(ids);

  it('is the plain ranking, whatever is hidden and pinned', () => {
    for (const preferences of [{}, { hidden: hidden('a') }, { hidden: hidden('a', 'd'), pinned: hidden('b') }]) {
      const { length } = seen(preferences).filter((row) => row.hidden || row.pinned);
      expect([...ids([...seen(preferences)]), length]).toEqual(['a', 'b', 'c', 'd', 0]);
    }
  });

  it('recommends the hidden one where it is clearly the best, and says of the others what is true beside it', () => {
    expect(recommended([...seen({ hidden: hidden('a'), recommended: 'b' })])).toEqual(['a']);
    expect(seen({ hidden: hidden('a') }).filter(({ asGood }) => asGood)).toEqual([]);
    expect(recommended([...seen({ hidden: hidden('a', 'b', 'c') })])).toEqual(['a']);
  });

  it('says nothing of what is in reserve: the clearly best one has the badge, and one no better leaves it where it is', () => {
    const inReserve = (...reserved: string[]) => seen({ reserve: hidden(...reserved), recommended: 'c' });
    expect(inReserve('a', 'd').filter(({ reserve }) => reserve)).toEqual([]);
    expect([recommended([...inReserve('a')]), recommended([...inReserve('b')])]).toEqual([['a'], ['c']]);
    expect(inReserve('b')).toEqual(seen({ recommended: 'c' }));
  });

  it('keeps the badge where the hidden one is no better than it, or worse', () => {
    expect(recommended([...seen({ hidden: hidden('b'), recommended: 'c' })])).toEqual(['c']);
    expect(recommended([...seen({ hidden: hidden('c'), pinned: hidden('a'), recommended: 'b' })])).toEqual(['b']);
    const near = list(
      [
        ['a', scored(91)],
        ['b', scored(90)],
      ],
      { hidden: hidden('a'), recommended: 'b' },
    );
    expect(recommended([...withoutOwnerMarks(near)])).toEqual(['b']);
  });
});
