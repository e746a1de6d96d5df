/** "Why 78?": every point lost is accounted for, in words of each language. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { LANGUAGES } from '../../plugin/model/language.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { confidenceText } from '../../plugin/present/service/answers.js';
import { whyModel } from '../../plugin/present/why.js';
import { toScore } from '../../plugin/score/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NUMBERLESS, ranked } from './fake-panel.js';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const HOUR = 3_600_000;
const type = (await loadServices()).of('snpservice');
const locales = loadLocales();

const tried = { provider: 'p', type: 'snpservice', bytes: 1000 };
const answered = (hoursAgo: number, ttfb: number): Attempt => ({
  ...{ ...tried, at: NOW - hoursAgo * HOUR, level: 3, reason: null, facts: {} },
  samples: [{ metric: 'ttfb', value: ttfb, method: 'http' }],
});
const failed = (hoursAgo: number): Attempt => ({
  ...{ ...tried, at: NOW - hoursAgo * HOUR, level: 0, reason: 'timeout', detail: null },
});

describe('why a score is what it is', () => {
  it('is told with the measured value, what failed and what is not known yet, and adds up', () => {
    const score = toScore(type, [answered(1, 2400), failed(2), answered(3, 2600)], NOW);
    const lines = whyModel(score, type, locales('en'), NOW);
    expect(lines.reduce((sum, { points }) => sum + points, 0)).toBe(100 - Math.round(score.score ?? 0));
    expect(lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['time to first byte: 2,500\u00a0ms', 'answered 2\u00a0of\u00a03', 'tried only 3 times']),
    );
    expect(lines.map(({ points }) => points)).toEqual(lines.map(({ points }) => points).toSorted((a, b) => b - a));
  });

  it('says when the measurements are old, and what the owner’s own stars did', () => {
    const old = toScore(type, [answered(24 * 21, 400)], NOW, [{ at: NOW, stars: 5 }]);
    const lines = whyModel(old, type, locales('en'), NOW);
    expect(lines.find(({ key }) => key === 'old')?.text).toBe('old measurements: the latest is from 21 days ago');
    const again = toScore(
      type,
      [...Array.from({ length: 9 }, (_, at) => answered(24 * (21 + at), 400)), answered(0, 400)],
      NOW,
    );
    expect(whyModel(again, type, locales('en'), NOW).find(({ key }) => key === 'old')?.text).toBe(
      'most of its measurements are old',
    );
    expect(lines.find(({ key }) => key === 'rating')).toMatchObject({ text: 'the owner’s stars: 5' });
    expect(lines.find(({ key }) => key === 'rating')?.points).toBeLessThan(0);
  });

  it('tells a busy node apart from a metric that was not measured', () => {
    const untimed: Attempt = { ...tried, at: NOW - HOUR, level: 3, reason: null, facts: {}, samples: [] };
    const text = (language: (typeof LANGUAGES)[number], ...attempts: readonly Attempt[]) =>
      whyModel(toScore(type, attempts, NOW), type, locales(language), NOW).map((line) => line.text);
    expect(text('en', untimed)).toContain('time to first byte: this node was too busy to time it; scan again');
    expect(text('ca', untimed)).toContainEqual(expect.stringContaining('massa carregat'));
    expect(text('es', untimed)).toContainEqual(expect.stringContaining('demasiado ocupado'));
    expect(text('en', untimed, answered(2, 40))).toContain('time to first byte: measured only 1 time');
    expect(text('en', answered(1, 40), answered(2, 40))).toContain('tried only 2 times');
  });

  it('never says “only” or a share of what the same page calls well tested or counts', () => {
    const words = locales('en');
    for (const tries of [3, 5, 19, 20, 29, 30, 60]) {
      const attempts = Array.from({ length: tries }, (_, at) => answered(at / 60, 40));
      const score = { ...toScore(type, [...attempts.slice(1), failed(2)], NOW), confidence: 'solid' as const };
      const told = [confidenceText(score, words), ...whyModel(score, type, words, NOW).map(({ text }) => text)].join(
        '; ',
      );
      expect(told.includes('well tested'), told).toBe(tries >= 20);
      expect(told.includes('only'), told).toBe(tries < 20);
      expect(told.includes('%'), told).toBe(tries >= 30);
    }
  });

  it('of a provider without a score there is nothing to tell; of one that is out, one line', () => {
    expect(whyModel(toScore(type, [], NOW), type, locales('en'), NOW)).toEqual([]);
    expect(whyModel(toScore(type, [failed(1)], NOW), type, locales('en'), NOW)).toMatchObject([{ points: 100 }]);
  });

  it('has a text in every language', () => {
    const scores = [
      toScore(type, [answered(1, 2400), failed(2)], NOW, [{ at: NOW, stars: 1 }]),
      toScore(type, [answered(24 * 21, 400)], NOW),
      toScore(type, [failed(1)], NOW),
    ];
    for (const language of LANGUAGES)
      for (const score of scores)
        for (const { text } of whyModel(score, type, locales(language), NOW))
          expect(text).not.toMatch(/[{}]|undefined/);
  });
});

describe('the table of figures', () => {
  let web: TestWeb;
  afterEach(() => web.app.close());

  it('lists each figure with its weight, its value and the lost points', async () => {
    web = await startWeb();
    const split = { failures: 0, doubt: 0, count: 4, fresh: 1 };
    const parts = [
      { ...split, metric: 'answer', value: 12.34567, unit: 'ms', mark: 0.8, weight: 0.45, lost: 12.3 },
      { ...split, metric: 'answers', value: null, unit: 'share', mark: 1, weight: 0.55, lost: 0 },
    ];
    const failed = { ...NUMBERLESS, score: 0, reason: 'timeout' as const };
    const list = [ranked('dnsservice', 1, { score: 87.7, parts }), ranked('dnsservice', 2, failed)];
    web.panel.lists.set('dnsservice', list);
    const figures = async (index: number) => {
      const { body } = await new Visitor(web).get(`/services/dnsservice/providers/${list[index]?.provider.id}`);
      const [table = ''] = /<summary>All the figures<\/summary>\s*(<table.*?<\/table>)/s.exec(body) ?? [];
      const rows = [...table.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) => [
        ...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g),
      ]);
      return rows.map((cells) => cells.map(([, cell = '']) => cell.replaceAll(/<[^>]+>/g, '')));
    };
    expect(await figures(0)).toEqual([
      ['Measure', 'Value', 'Points lost'],
      ['Response time 45% of the score', '12.3\u00a0ms', '−12.3'],
      ['Answers 55% of the score', '4 of 4 answered', '0'],
      ['Score out of 100', '87.7'],
    ]);
    expect(await figures(1)).toEqual([]);
  });
});
