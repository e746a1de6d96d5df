/** "Why 78?": every point lost is accounted for, in words of each language. */
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../../plugin/config.js';
import { scoreOf } from '../../plugin/score/index.js';
import { loadServices } from '../../plugin/services/index.js';
import type { Attempt } from '../../plugin/store/attempts.js';
import { loadLocales } from '../../plugin/web/i18n.js';
import { whyModel } from '../../plugin/web/why.js';

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
    const score = scoreOf(type, [answered(1, 2400), failed(2), answered(3, 2600)], NOW);
    const lines = whyModel(score, type, locales('en'), NOW);
    expect(lines.reduce((sum, { points }) => sum + points, 0)).toBe(100 - Math.round(score.score ?? 0));
    expect(lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['time to first byte: 2,500\u00a0ms', 'answers 66.7% of the time', 'only 3 measurements']),
    );
    expect(lines.map(({ points }) => points)).toEqual(lines.map(({ points }) => points).toSorted((a, b) => b - a));
  });

  it('says when the measurements are old, and what the owner’s own stars did', () => {
    const old = scoreOf(type, [answered(24 * 21, 400)], NOW, [{ at: NOW, stars: 5 }]);
    const lines = whyModel(old, type, locales('en'), NOW);
    expect(lines.find(({ key }) => key === 'old')?.text).toBe('old measurements: the last one 21 days ago');
    expect(lines.find(({ key }) => key === 'rating')).toMatchObject({ text: 'the owner’s own stars: 5' });
    expect(lines.find(({ key }) => key === 'rating')?.points).toBeLessThan(0);
  });

  it('of a provider without a score there is nothing to tell; of one that is out, one line', () => {
    expect(whyModel(scoreOf(type, [], NOW), type, locales('en'), NOW)).toEqual([]);
    expect(whyModel(scoreOf(type, [failed(1)], NOW), type, locales('en'), NOW)).toMatchObject([{ points: 100 }]);
  });

  it('can be told in every language', () => {
    const scores = [
      scoreOf(type, [answered(1, 2400), failed(2)], NOW, [{ at: NOW, stars: 1 }]),
      scoreOf(type, [answered(24 * 21, 400)], NOW),
      scoreOf(type, [failed(1)], NOW),
    ];
    for (const language of LANGUAGES)
      for (const score of scores)
        for (const { text } of whyModel(score, type, locales(language), NOW))
          expect(text).not.toMatch(/[{}]|undefined/);
  });
});
