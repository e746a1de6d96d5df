/** Why the recommended provider is the one: what sets it apart is true of it alone, and small numbers stay counts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Level } from '../../plugin/model/level.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { Score } from '../../plugin/model/score.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { isReachable, isWorking } from '../../plugin/present/row.js';
import { againstText, reasonText, toReason } from '../../plugin/present/service/reason.js';
import { toCandidates } from '../../plugin/score/equals.js';
import { UNTRIED } from '../../plugin/score/index.js';
import { rank } from '../../plugin/score/rank.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { loadServices } from '../../plugin/services/index.js';
import { NOW, NUMBERLESS, ranked } from '../web/fake-panel.js';

const type = (await loadServices()).of('dnsservice');
const words = loadLocales()('en');
const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ') ?? null;

/** Answers after `time` ms, `answered` of `tries` times. */
function row(index: number, time: number, answered: number, tries: number, more: Partial<Ranked> = {}): Ranked {
  const made = ranked('dnsservice', index, { samples: answered, attempts: tries });
  const parts = made.parts.map((part) => (part.metric === 'answer' ? { ...part, value: time } : part));
  return { ...made, parts, ...more };
}
const said = (best: Ranked, ...others: Ranked[]) => {
  const reason = toReason(best, type, [best, ...others]);
  return [plain(reasonText(reason, words)), plain(againstText(reason, words))];
};

describe('the reason for the recommendation', () => {
  const dead = ranked('dnsservice', 9, { ...NUMBERLESS, score: 0, reason: 'timeout', samples: 0 });

  it.each([
    [[row(1, 2, 5, 5), dead], 'The only one that works; answered every time: 5 of 5', null],
    [
      [row(1, 2, 5, 5), row(2, 10, 5, 5)],
      'Fastest, and answered every time: 5 of 5',
      'Response time 2 ms, next best 10 ms; both answered every time',
    ],
    [
      [row(1, 10, 5, 5), row(2, 2, 3, 5)],
      'Most reliable; answered every time: 5 of 5',
      'Response time 10 ms, next best 2 ms; answered 5 of 5, next best 3 of 5',
    ],
    [[row(1, 2, 4, 5, { asGood: true }), row(2, 2, 5, 5)], 'Among the best; answered 4 of 5', undefined],
    [[row(1, 3, 4, 5), row(2, 2, 5, 5)], 'Best overall; answered 4 of 5', undefined],
    [
      [row(1, 2, 49, 50), row(2, 10, 29, 29)],
      'Fastest, and answers 98% of the time',
      'Response time 2 ms, next best 10 ms; answered 98%, next best 29 of 29',
    ],
    [[row(1, 2, 1, 1), row(2, 10, 5, 5)], 'Fastest, and answered the only try', undefined],
  ] as const)('%#: says %s', ([best, ...others], reason, against) => {
    const [first, second] = said(best, ...others);
    expect(first).toBe(reason);
    if (against !== undefined) expect(second).toBe(against);
  });

  it('compares one time of both, and says which', async () => {
    const syncthing = (await loadServices()).of('syncthing');
    const timed = (index: number, times: Readonly<Record<string, number>>) => {
      const { parts, ...made } = ranked('syncthing', index);
      const [any] = parts;
      if (!any) throw new Error('no part');
      return { ...made, parts: Object.entries(times).map(([metric, value]) => ({ ...any, metric, value })) };
    };
    const best = timed(1, { rtt: 7 });
    const reason = toReason(best, syncthing, [best, timed(2, { handshake: 3, rtt: 20 })]);
    expect([reason.lead, plain(againstText(reason, words))]).toEqual([
      'fastest',
      'Round-trip time 7 ms, next best 20 ms; both answered every time',
    ]);
  });

  it('compares with what is in reserve only where the best is, too, and does not say that it does not work', () => {
    const [one, other] = [row(2, 1, 5, 5, { reserve: true }), row(3, 9, 5, 5, { reserve: true })];
    expect(said(row(1, 2, 5, 5), one)).toEqual([
      'The only one that works besides your reserve; answered every time: 5 of 5',
      null,
    ]);
    expect(said(row(1, 2, 5, 5), row(4, 3, 5, 5), one)[0]).toBe('Fastest, and answered every time: 5 of 5');
    expect(said(one, other, dead)[0]).toBe('Fastest, and answered every time: 5 of 5');
    expect(said(one, dead)[0]).toBe('The only one that works; answered every time: 5 of 5');
  });

  it('compares only with what may be recommended', () => {
    const own = row(2, 1, 5, 5);
    const self = { ...own, provider: { ...own.provider, self: true } };
    expect(said(row(1, 2, 5, 5), self)[0]).toBe('The only one that can be recommended; answered every time: 5 of 5');
    const failing = {
      ...own,
      provider: { ...own.provider, self: true },
      failures: 1,
      score: 0,
      reason: 'timeout' as const,
    };
    expect(said(row(1, 2, 5, 5), failing)[0]).toBe('The only one that works; answered every time: 5 of 5');
  });

  it('does not say of what only answers, or failed when last tried, that it works', () => {
    const silent = row(1, 2, 5, 5, { level: 2, unproven: true });
    expect(said(silent, dead)[0]).toBe('The only one that answers, though not proven; answered every time: 5 of 5');
    expect(said(row(1, 2, 4, 5, { failures: 1 }), dead)[0]).toBe(
      'The only one that can be recommended; answered 4 of 5',
    );
  });
});

/** A row of a type's list in any condition that a probe can leave it in, with or without times. */
const someRow = fc
  .record({
    level: fc.constantFrom<Level>(2, 3, 4, 5),
    score: fc.oneof(fc.constantFrom(0, 60), fc.double({ min: 40, max: 80, noNaN: true })),
    ...{ time: fc.option(fc.integer({ min: 1, max: 5 })), answered: fc.integer({ min: 1, max: 5 }) },
    failures: fc.constantFrom(0, 0, 1),
    mark: fc.constantFrom(null, null, null, 'self', 'stale', 'hidden', 'reserve'),
  })
  .map(({ level, score, time, answered, failures, mark }) => ({ level, score, time, answered, failures, mark }));
type SomeRow = typeof someRow extends fc.Arbitrary<infer Row> ? Row : never;

/** The list of the type, ranked and with its badge. */
function list(of: ServiceType, rows: readonly SomeRow[], holder: string | null): Ranked[] {
  const times = of.metrics.filter(({ unit }) => unit === 'ms').map(({ id }) => id);
  const made = rows.map(({ level, score, time, answered, failures, mark }, at) => {
    const { parts, provider } = ranked(of.id, at + 1, {
      provider: { id: String(at), self: mark === 'self', stale: mark === 'stale' },
    });
    const [, answers] = parts;
    const timed = times.flatMap((metric) => parts.slice(0, 1).map((part) => ({ ...part, metric, value: time })));
    const isFailed = score === 0;
    const known: Score = {
      ...{ ...UNTRIED, level: isFailed ? 0 : level, score, low: score - 1, high: score + 1, failures, measuredAt: NOW },
      ...{ unproven: level < 3, samples: isFailed ? 0 : answered, attempts: 5, confidence: 'fair' },
      ...{ reason: isFailed ? 'timeout' : null, parts: isFailed || !answers ? [] : [...timed, answers] },
    };
    return { provider, known, mark };
  });
  const marked = (mark: string) => new Set(made.flatMap((one) => (one.mark === mark ? one.provider.id : [])));
  const marks = { hidden: marked('hidden'), reserve: marked('reserve'), recommended: holder, seed: 'node' };
  return rank(
    made.map(({ provider }) => provider),
    new Map(made.map(({ provider, known }) => [provider.id, known])),
    marks,
  );
}

describe.each(
  (await loadServices()).types.filter(({ scoredFrom }) => scoredFrom !== null).map((one) => [one.id, one] as const),
)('for any list of %s', (_, of) => {
  const lists = fc.tuple(fc.array(someRow, { minLength: 1, maxLength: 6 }), fc.option(fc.constantFrom('0', '1', '2')));

  it('the reason contradicts neither the state of the row nor that of another', () => {
    fc.assert(
      fc.property(lists, ([rows, holder]) => {
        const all = list(of, rows, holder);
        const best = all.find(({ recommended }) => recommended);
        fc.pre(best !== undefined);
        const { lead, timed } = toReason(best, of, all);
        const timeOf = ({ parts }: Ranked) => parts.find(({ metric }) => metric === timed?.id)?.value ?? null;
        const others = all.filter((row) => row !== best);
        const rivals = toCandidates(all).filter((row) => row !== best);
        const isAhead = (row: Ranked) => Number(row.score) > Number(best.score);
        const isTrue = {
          only: () => isWorking(best) && !others.some(isWorking),
          ordinary: () => isWorking(best) && others.filter(isWorking).every(({ reserve }) => reserve),
          reached: () => isReachable(best) && best.level < 3 && !others.some(isReachable),
          eligible: () => rivals.length === 0,
          fastest: () => rivals.every((row) => Number(timeOf(best)) < (timeOf(row) ?? Number.POSITIVE_INFINITY)),
          steadiest: () => rivals.every((row) => best.samples * row.attempts > row.samples * best.attempts),
          equal: () => best.asGood,
          overall: () => !rivals.some(isAhead),
          proven: () => best.level >= 3 && !rivals.some((row) => isAhead(row) && row.level >= 3),
          standing: () => rivals.some(isAhead),
        }[lead];
        expect([lead, isTrue()]).toEqual([lead, true]);
      }),
    );
  });

  it('what only answers is not chosen before what is proven to work and as good', () => {
    fc.assert(
      fc.property(lists, ([rows]) => {
        const all = list(of, rows, null);
        const best = all.find(({ recommended }) => recommended);
        fc.pre(best !== undefined && best.level < 3);
        const isEqual = ({ level, score, parts }: Ranked) =>
          level >= 3 && score === best.score && parts.every(({ value }, at) => value === best.parts[at]?.value);
        expect(toCandidates(all).filter(isEqual)).toEqual([]);
      }),
    );
  });
});
