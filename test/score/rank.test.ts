/** The order of a type's list, and who is recommended. */
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/provider.js';
import { type Score, scoreOf, UNTRIED } from '../../plugin/score/index.js';
import { rank } from '../../plugin/score/rank.js';
import { answered, failed, NOW, provider, TYPE, UNSCORED_TYPE } from './made.js';

const good = scoreOf(TYPE, [answered(0, { answer: 10, rtt: 8, loss: 0 })], NOW);
const poor = scoreOf(TYPE, [answered(0, { answer: 400, rtt: 300, loss: 0.05 })], NOW);
const dead = scoreOf(TYPE, [failed(0)], NOW);
const open = scoreOf(UNSCORED_TYPE, [answered(0, { rtt: 5 }, 2)], NOW);

const list = (rows: readonly (readonly [string, Score, Partial<Provider>?])[]) =>
  rank(
    rows.map(([id, , more]) => provider(id, more)),
    new Map(rows.map(([id, score]) => [id, score])),
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

  it('puts a provider that refuses instantly last, behind the slowest that answers', () => {
    const refused = scoreOf(TYPE, [failed(0, 'refused', 1)], NOW);
    const slowest = scoreOf(TYPE, [answered(0, { answer: 5000, rtt: 5000, loss: 1 })], NOW);
    expect(
      ids(
        list([
          ['a', refused],
          ['b', slowest],
        ]),
      ),
    ).toEqual(['b', 'a']);
  });

  it('orders equals by id within each group', () => {
    const rows = list(
      ['f', 'e', 'd', 'c', 'b', 'a'].map((id, index) => [id, [good, UNTRIED, dead][index % 3] ?? good]),
    );
    expect(ids(rows)).toEqual(['c', 'f', 'b', 'e', 'a', 'd']);
  });

  it('takes a provider without a score for never tried', () => {
    expect(rank([provider('a')], new Map())).toEqual([{ ...UNTRIED, provider: provider('a'), recommended: false }]);
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

  it('passes over this very node and what no source confirms any more', () => {
    const rows = list([
      ['a', good, { self: true }],
      ['b', good, { stale: true }],
      ['c', poor],
    ]);
    expect(ids(rows)).toEqual(['a', 'b', 'c']);
    expect(recommended(rows)).toEqual(['c']);
  });

  it('goes to nobody where nobody has proved to work', () => {
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
});
