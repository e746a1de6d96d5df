/** Days become lines, gaps stay gaps, and the same is said in words. */
import { describe, expect, it } from 'vitest';
import { availabilityBar, dayModels, HEIGHT, toCharts, WIDTH } from '../../plugin/present/chart.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { type DayRow, NOT_TRIED } from '../../plugin/store/index.js';

const words = loadLocales()('en');
const day = (date: string, of: Partial<DayRow> = {}): DayRow => ({
  ...{ day: date, attempts: 4, answered: 4, score: 50, rtt: 10, answer: null },
  ...of,
});
const SINCE = Date.parse('2026-11-01');
const UNTIL = Date.parse('2026-11-11');
const charts = (...days: DayRow[]) => toCharts(days, SINCE, UNTIL, words);

describe('a chart', () => {
  it('places the first day left, the last right, 100 at the top and 0 at the bottom', () => {
    const days = [day('2026-11-01', { score: 100 }), day('2026-11-02', { score: 0 }), day('2026-11-11', { score: 50 })];
    const score = charts(...days).find(({ id }) => id === 'score');
    expect(score?.lines).toEqual([`0,0 ${WIDTH / 10},${HEIGHT}`]);
    expect(score?.dots).toEqual([{ x: WIDTH, y: HEIGHT / 2 }]);
    expect([score?.top, score?.bottom]).toEqual(['100', '0']);
  });

  it('leaves a gap for days without measurements', () => {
    const [score] = charts(
      day('2026-11-01'),
      day('2026-11-02'),
      day('2026-11-04', { score: null }),
      day('2026-11-05'),
      day('2026-11-06'),
    );
    expect(score?.lines).toHaveLength(2);
  });

  it('leaves out a figure that no day has', () => {
    expect(charts(day('2026-11-03')).map(({ id }) => id)).toEqual(['score', 'answers', 'rtt']);
    expect(charts()).toEqual([]);
  });

  it('describes itself in words', () => {
    const [score, answers, rtt] = charts(
      day('2026-11-02', { score: 61.4, answered: 2, rtt: 12 }),
      day('2026-11-03', { score: 78.2, rtt: 31.5 }),
    );
    expect(score?.summary).toBe('Between 61 and 78 on 2 days; 78 on Nov 3, 2026.');
    expect(answers?.summary).toBe('Between 50% and 100% of the time on 2 days; 100% on Nov 3, 2026.');
    expect(rtt?.summary).toBe('Between 12\u00a0ms and 31.5\u00a0ms on 2 days; 31.5\u00a0ms on Nov 3, 2026.');
    expect(charts(day('2026-11-02'))[0]?.summary).toBe('50 on Nov 2, 2026, the only day measured.');
    const same = charts(day('2026-11-02'), day('2026-11-03'), day('2026-11-04'));
    expect(same.map(({ summary }) => summary)).toContain('50 on each of 3 days.');
    expect(same.map(({ summary }) => summary)).toContain('100% of the time on each of 3 days.');
  });

  it('has a table of the same days, newest first', () => {
    const rows = dayModels([day('2026-11-02', { rtt: null }), day('2026-11-03', { answered: 3 })], words);
    expect(rows.map(({ day, rtt, answers }) => [day, rtt, answers])).toEqual([
      ['2026-11-03', '10\u00a0ms', '3 of 4 answered'],
      ['2026-11-02', null, '4 of 4 answered'],
    ]);
  });
});

describe('an availability bar', () => {
  it('draws all, some and none at three heights, and skips days without attempts', () => {
    const bar = availabilityBar(Uint8Array.of(100, 40, NOT_TRIED, 0, 100));
    expect(bar).toEqual({ days: 4, good: 2, all: 'M1.5 14v-14M17.5 14v-14', some: 'M5.5 14v-8', none: 'M13.5 14v-4' });
    expect(availabilityBar(Uint8Array.of(NOT_TRIED))).toBeNull();
    expect(availabilityBar(undefined)).toBeNull();
  });
});
