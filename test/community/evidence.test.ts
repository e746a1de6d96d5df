/** What hearsay may do here, and what it may not, whoever says what and in whatever order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpinionRow } from '../../plugin/community/document.js';
import { aged, isNews, reports, type Voice, weigh } from '../../plugin/community/evidence.js';
import type { Attempt } from '../../plugin/model/attempt.js';
import { toScore } from '../../plugin/score/index.js';
import { rank } from '../../plugin/score/rank.js';
import { loadServices } from '../../plugin/services/index.js';
import { ranked } from '../web/fake-panel.js';
import { HOUR, idOf, NOW, row } from './made.js';

const nobodys = () => ({ node: 'other', address: '10.0.0.9' });
const voice = (nth: number, rows: readonly OpinionRow[], more: Partial<Voice> = {}): Voice => ({
  ...{ node: `n${nth}`, address: `10.1.${nth}.1`, key: `key ${nth}`, since: NOW - nth, at: NOW / 1_000, rtt: 0, rows },
  ...more,
});
/** Five providers that this node and a voice have both measured. */
const common = (mark: number, from = 100) =>
  Array.from({ length: 5 }, (_, nth) => row({ provider: idOf(from + nth), mark }));
const own = common(90);
const expectedOf = (voices: readonly Voice[], provider = idOf(1)) =>
  weigh(voices, { own, owner: nobodys }).expected.get(provider) ?? 0.5;

describe('a voice', () => {
  const says = (mark: number, agreeing: number) => [row({ mark }), ...common(agreeing)];

  it('is worth a quarter of a look where it agrees and is near', () => {
    expect(expectedOf([voice(1, says(100, 90))])).toBeCloseTo((0.25 * 1 + 0.5) / 1.25);
    expect(expectedOf([voice(1, says(0, 80))])).toBeCloseTo(0.5 / 1.25);
    expect(expectedOf([voice(1, says(100, 90), { rtt: 20 })])).toBeCloseTo((0.25 / Math.E + 0.5) / (0.25 / Math.E + 1));
  });

  it('orders nothing before five providers in common, nor once it was wrong on them', () => {
    expect(expectedOf([voice(1, [row({ mark: 100 }), ...common(90).slice(1)])])).toBe(0.5);
    expect(expectedOf([voice(1, says(100, 55))])).toBe(0.5);
    expect(expectedOf([voice(1, says(100, 0))])).toBe(0.5);
    expect(expectedOf([voice(1, says(100, 65))])).toBeCloseTo((0.25 / 2 + 0.5) / (0.25 / 2 + 1));
  });

  it('says nothing of what it runs itself, by name or by address, or of what nobody here announces', () => {
    const self = voice(1, says(100, 90));
    const heard = (owner: ReturnType<typeof nobodys> | null) => weigh([self], { own, owner: () => owner });
    expect(heard({ node: 'n1', address: '10.0.0.9' }).experiences.size).toBe(0);
    expect(heard({ node: 'x', address: '10.1.1.1' }).expected.size).toBe(0);
    expect(heard(null).experiences.size).toBe(0);
    expect(heard(nobodys()).experiences.get(idOf(1))).toHaveLength(1);
  });

  it('is one, however many addresses of its network or keys of its own it uses', () => {
    const sybils = Array.from({ length: 50 }, (_, nth) =>
      voice(nth, says(0, 90), { address: `10.7.7.${nth}`, since: NOW + nth }),
    );
    const known = voice(60, says(100, 90), { address: '10.7.7.200', since: NOW - 9 });
    const heard = weigh([...sybils, known], { own, owner: nobodys });
    expect(heard.experiences.get(idOf(1))).toMatchObject([{ node: 'n60', mark: 100 }]);
    const same = [voice(1, says(9, 90), { key: 'k', at: 1 }), voice(2, says(8, 90), { key: 'k', at: 2 })];
    expect(weigh(same, { own, owner: nobodys }).experiences.get(idOf(1))).toMatchObject([{ node: 'n2', mark: 8 }]);
  });

  it('is told with its name, in the order of names', () => {
    const heard = weigh([voice(2, [row({ mark: 0 })]), voice(1, [row()])], { own, owner: nobodys });
    expect(heard.experiences.get(idOf(1))?.map(({ node, mark }) => `${node} ${mark}`)).toEqual(['n1 82', 'n2 0']);
  });
});

const anyRow = fc.record({
  provider: fc.integer({ min: 1, max: 12 }).map(idOf),
  mark: fc.option(fc.integer({ min: 0, max: 100 })),
  looks: fc.integer({ min: 2, max: 40 }),
});
const anyVoice = fc
  .record({
    nth: fc.nat(60),
    rows: fc.uniqueArray(anyRow, { selector: ({ provider }) => provider, maxLength: 12 }),
    rtt: fc.double({ min: 0, max: 500, noNaN: true }),
    since: fc.nat(5),
    at: fc.nat(3),
  })
  .map(({ nth, rows, rtt, since }) =>
    voice(
      nth,
      rows.map((of) => row(of)),
      { rtt, since },
    ),
  );
const voices = fc.array(anyVoice, { maxLength: 60 });
const ownRows = fc
  .uniqueArray(anyRow, { selector: ({ provider }) => provider, maxLength: 12 })
  .map((rows) => rows.map(row));

describe('all voices together', () => {
  it('weigh at most two looks', () => {
    fc.assert(
      fc.property(voices, ownRows, (all, mine) => {
        for (const value of weigh(all, { own: mine, owner: nobodys }).expected.values()) {
          expect(value).toBeGreaterThanOrEqual(0.5 / 3 - 1e-9);
          expect(value).toBeLessThanOrEqual(2.5 / 3 + 1e-9);
        }
      }),
    );
    const many = Array.from({ length: 60 }, (_, nth) => voice(nth, [row({ mark: 100 }), ...common(90)]));
    expect(expectedOf(many)).toBeCloseTo(2.5 / 3);
  });

  it('say the same in whatever order they arrive', () => {
    fc.assert(
      fc.property(
        voices.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ownRows,
        ([all, shuffled], mine) => {
          const terms = { own: mine, owner: nobodys };
          expect(weigh(shuffled, terms)).toEqual(weigh(all, terms));
        },
      ),
    );
  });

  it('lose nothing by one that lies: a proven liar changes nothing, and no praise lowers what is expected', () => {
    fc.assert(
      fc.property(voices, (all) => {
        const before = all.filter(({ key }) => key !== 'key 99');
        const liar = voice(99, [row({ mark: 0 }), ...common(0)], { address: '10.99.1.1' });
        expect(expectedOf([...before, liar])).toBe(expectedOf(before));
        const praise = voice(99, [row({ mark: 100 })], { address: '10.99.1.1' });
        expect(expectedOf([...before, praise])).toBeGreaterThanOrEqual(expectedOf(before) - 1e-12);
      }),
    );
  });
});

describe('on a list', () => {
  const TYPE = 'dnsservice';
  const rows = Array.from({ length: 9 }, (_, nth) => ranked(TYPE, nth + 1));
  const providers = rows.map(({ provider }) => provider);
  const looks = (nth: number, isAnswered: boolean): Attempt[] =>
    Array.from({ length: 4 }, (_, at) => {
      const base = { provider: providers[nth]?.id ?? '', type: TYPE, at: NOW - at * HOUR, bytes: 100 };
      const sample = { metric: 'answer', value: 5 + 40 * nth, method: 'udp' };
      return isAnswered
        ? ({ ...base, level: 3, reason: null, samples: [sample], facts: {} } as const)
        : ({ ...base, level: 0, reason: 'timeout', detail: null } as const);
    });

  it('they recommend nobody, rule nobody out or in, and move no score: they order what was never tried', async () => {
    const type = (await loadServices()).of(TYPE);
    const tried = [0, 1, 2, 3].map(
      (nth) => [providers[nth]?.id ?? '', toScore(type, looks(nth, nth < 3), NOW)] as const,
    );
    const any = fc.uniqueArray(fc.tuple(fc.nat(8), fc.double({ min: 0, max: 1, noNaN: true })), {
      selector: ([nth]) => nth,
    });
    for (const scores of [new Map(tried), new Map<string, never>()]) {
      const plain = rank(providers, scores, { seed: 's' });
      fc.assert(
        fc.property(any, (pairs) => {
          const expected = new Map(pairs.map(([nth, value]) => [providers[nth]?.id ?? '', value]));
          const heard = rank(providers, scores, { seed: 's', expected });
          const areTried = (list: typeof plain) => list.map(({ measuredAt }) => measuredAt !== null);
          expect(areTried(heard)).toEqual(areTried(plain));
          const own = (list: typeof plain) => list.filter(({ measuredAt }) => measuredAt !== null);
          expect(own(heard)).toEqual(own(plain));
          expect(heard.filter(({ recommended }) => recommended)).toEqual(
            plain.filter(({ recommended }) => recommended),
          );
          const others = (list: typeof plain) =>
            new Map(list.map(({ expected: _, ...row }) => [row.provider.id, row] as const));
          expect(others(heard)).toEqual(others(plain));
          const tenths = heard.flatMap(({ measuredAt, provider }) =>
            measuredAt === null ? Math.round(10 * (expected.get(provider.id) ?? 0.5)) : [],
          );
          expect(tenths).toEqual(tenths.toSorted((a, b) => b - a));
        }),
      );
    }
  });

  it('whoever has measured nothing keeps the order of coordinates, however many strangers agree; four that agreed change it', () => {
    const [first, last] = [providers[0], providers[8]].map((provider) => provider?.id ?? '') as [string, string];
    const estimates = new Map(providers.map(({ id }, nth) => [id, nth]));
    const placed = (count: number, mine: readonly OpinionRow[]) => {
      const all = Array.from({ length: count }, (_, nth) =>
        voice(nth, [row({ provider: last, mark: 100 }), row({ provider: first, mark: 0 }), ...common(90)]),
      );
      const { expected } = weigh(all, { own: mine, owner: nobodys });
      return rank(providers, new Map(), { estimates, expected }).map(({ provider }) => provider.id);
    };
    expect(placed(60, [])).toEqual(placed(0, []));
    expect(placed(60, own.slice(1))).toEqual(placed(0, own));
    const heard = placed(4, own);
    expect([heard[0], heard[8]]).toEqual([last, first]);
  });
});

describe('a look of one’s own', () => {
  const recommended = new Map([[idOf(1), { measuredAt: NOW - 5 * HOUR }]]);
  const look = (now: OpinionRow, before: readonly OpinionRow[] = []) => reports([now], before, recommended, NOW).length;

  it('follows where a neighbour has lost what is recommended, or finds it much worse', () => {
    expect(look(row({ mark: 0 }))).toBe(1);
    expect(look(row({ mark: 0 }), [row({ mark: 80 })])).toBe(1);
    expect(look(row({ mark: 55 }), [row({ mark: 80 })])).toBe(1);
  });

  it('follows at its first failure there, too, while its mark is still good; and once', () => {
    expect(look(row({ level: 0 }))).toBe(1);
    expect(look(row({ level: 0 }), [row()])).toBe(1);
    expect(look(row({ level: 0 }), [row({ level: 0 })])).toBe(0);
    expect(look(row({ level: 0, mark: null }))).toBe(0);
    expect(look(row({ level: 0, ageHours: 5 }))).toBe(0);
  });

  it('does not follow where that is old, known, little, or about another one', () => {
    expect(look(row({ mark: 0, ageHours: 5 }))).toBe(0);
    expect(look(row({ mark: 0 }), [row({ mark: 0 })])).toBe(0);
    expect(look(row({ mark: 56 }), [row({ mark: 80 })])).toBe(0);
    expect(look(row({ mark: 30 }))).toBe(0);
    expect(look(row({ mark: null }), [row({ mark: 80 })])).toBe(0);
    expect(look(row({ provider: idOf(2), mark: 0 }))).toBe(0);
  });
});

describe('news', () => {
  const list = (...failures: readonly number[]) => failures.map((count, nth) => ranked('t', nth, { failures: count }));
  const isNewsOf = (rows: ReturnType<typeof list>, nth: number) => isNews(rows, [rows[nth]?.provider.id ?? '']);

  it('is the first failure of what people rely on here, or would next', () => {
    expect(isNewsOf(list(1, 0), 0)).toBe(true);
    expect(isNewsOf(list(0, 0, 0, 0, 1), 4)).toBe(true);
    const reserve = list(0, 0, 0, 0, 0, 0, 1);
    expect(isNewsOf(reserve.with(6, ranked('t', 6, { failures: 1, recommended: true })), 6)).toBe(true);
  });

  it('is no other failure, nor that of what never answered, nor one that is known', () => {
    expect(isNewsOf(list(2, 0), 0)).toBe(false);
    expect(isNewsOf(list(0, 0), 0)).toBe(false);
    expect(isNewsOf(list(1, 0), 1)).toBe(false);
    expect(isNewsOf(list(0, 0, 0, 0, 0, 1), 5)).toBe(false);
    expect(isNewsOf([ranked('t', 0, { failures: 1, samples: 0 })], 0)).toBe(false);
  });
});

it('what was said ages, and is forgotten after a week', () => {
  const rows = [row({ ageHours: 0 }), row({ provider: idOf(2), ageHours: 160 })];
  expect(aged(rows, 2.5 * HOUR).map(({ ageHours }) => ageHours)).toEqual([2, 162]);
  expect(aged(rows, 9 * HOUR)).toHaveLength(1);
  expect(aged(rows, -HOUR)).toEqual(rows);
});
