/** Why the recommended provider is the one: what sets it apart is true of it alone, and small numbers stay counts. */
import { describe, expect, it } from 'vitest';
import type { Ranked } from '../../plugin/model/ranked.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { againstText, reasonText, toReason } from '../../plugin/present/service/reason.js';
import { loadServices } from '../../plugin/services/index.js';
import { NUMBERLESS, ranked } from '../web/fake-panel.js';

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
      '2 ms, next best 10 ms; both answered every time',
    ],
    [
      [row(1, 10, 5, 5), row(2, 2, 3, 5)],
      'Most reliable; answered every time: 5 of 5',
      '10 ms, next best 2 ms; answered 5 of 5, next best 3 of 5',
    ],
    [[row(1, 2, 4, 5, { asGood: true }), row(2, 2, 5, 5)], 'Among the best; answered 4 of 5', undefined],
    [[row(1, 3, 4, 5), row(2, 2, 5, 5)], 'Best overall; answered 4 of 5', undefined],
    [
      [row(1, 2, 49, 50), row(2, 10, 29, 29)],
      'Fastest, and answers 98% of the time',
      '2 ms, next best 10 ms; answered 98%, next best 29 of 29',
    ],
    [[row(1, 2, 1, 1), row(2, 10, 5, 5)], 'Fastest, and answered the only try', undefined],
  ] as const)('%#: says %s', ([best, ...others], reason, against) => {
    const [first, second] = said(best, ...others);
    expect(first).toBe(reason);
    if (against !== undefined) expect(second).toBe(against);
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
    expect(said(row(1, 2, 5, 5), self)[0]).toBe('The only one that works; answered every time: 5 of 5');
  });
});
