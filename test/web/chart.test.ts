/** Tries and days become points, gaps stay gaps, few outliers do not flatten the rest, and the same is said in words. */
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { availabilityBar } from '../../plugin/present/chart.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { ceiling, nice, timeAxis } from '../../plugin/present/pictures/axis.js';
import { FLOOR, type Series, TOP, toCharts } from '../../plugin/present/pictures/chart.js';
import { daySlots, type Slot, trySlots } from '../../plugin/present/pictures/slots.js';
import { NOT_TRIED } from '../../plugin/store/index.js';

const words = loadLocales()('en');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-20T10:00:00Z');
const even = (value: number) => ({ typical: value, low: value, high: value });
const slot = (at: number, of: Partial<Slot> = {}): Slot => ({
  ...{ at, tries: 1, answered: 1, reason: null, score: null, rtt: null, answer: even(10) },
  ...of,
});
const charts = (slots: readonly Slot[], more: Partial<Series> = {}) =>
  toCharts(
    {
      slots,
      days: [],
      axis: timeAxis('24h', NOW, words),
      gap: 2 * HOUR,
      when: ({ at }) => words.shortDay(at),
      ...more,
    },
    words,
  );
const chart = (id: string, slots: readonly Slot[], more?: Partial<Series>) =>
  charts(slots, more).find((one) => one.id === id);

const attempt = (at: number, rtt: number | null): Attempt => ({
  ...{ provider: 'p', type: 't', bytes: 1, at },
  ...(rtt === null
    ? { level: 0, reason: 'timeout', detail: null }
    : { level: 4, reason: null, facts: {}, samples: [{ metric: 'rtt', value: rtt, method: 'udp' }] }),
});

describe('a chart', () => {
  it('has each try as a point in its place, with its time and value in words', () => {
    const found = chart('answer', [slot(NOW - DAY, { answer: even(0) }), slot(NOW - 12 * HOUR), slot(NOW)]);
    expect(found?.points.map(({ kind, x, y }) => [kind, x, y])).toEqual([
      ['dot', 0, FLOOR],
      ['dot', 50, TOP],
      ['dot', 100, TOP],
    ]);
    expect(found?.points[1]?.text).toBe('Nov 19: 10\u00a0ms');
    expect(found?.ticks.map(({ text }) => text)).toEqual(['10\u00a0ms', '5\u00a0ms', '0\u00a0ms']);
    expect(found?.summary).toBe('typically 10\u00a0ms; last 10\u00a0ms');
  });

  it('joins what follows closely, across neither a gap nor a failure', () => {
    const failed = slot(NOW - HOUR, { answered: 0, reason: 'timeout', answer: null });
    const line = (slots: readonly Slot[]) => chart('answer', slots)?.lines.length;
    expect(line([slot(NOW - 2 * HOUR), slot(NOW)])).toBe(1);
    expect(line([slot(NOW - 3 * HOUR), slot(NOW)])).toBe(0);
    expect(line([slot(NOW - 2 * HOUR), failed, slot(NOW)])).toBe(0);
    const { points = [] } = chart('answer', [slot(NOW - 2 * HOUR), failed, slot(NOW)]) ?? {};
    expect(points.map(({ kind, y, text }) => [kind, y, text])[1]).toEqual([
      'failed',
      FLOOR,
      `Nov 20: ${words.t('reason.timeout')}`,
    ]);
  });

  it('ends at what nearly all values reach, and marks what is above', () => {
    const slots = Array.from({ length: 40 }, (_, at) =>
      slot(NOW - at * HOUR, { answer: even(at === 5 ? 1182.9 : 31) }),
    );
    const found = chart('answer', slots.toReversed());
    expect(found?.ticks[0]?.text).toBe('40\u00a0ms');
    const cut = found?.points.filter(({ kind }) => kind === 'cut') ?? [];
    expect(cut.map(({ y, text }) => [y, text])).toEqual([[TOP, 'Nov 20: 1,182.9\u00a0ms']]);
  });

  it('draws between which values most tries of a span lay', () => {
    const wide = { tries: 9, answered: 9, answer: { typical: 10, low: 8, high: 14 } };
    const found = chart('answer', [slot(NOW - HOUR, wide), slot(NOW, wide)]);
    expect(found?.bands).toHaveLength(1);
    expect(found?.points[0]).toMatchObject({ kind: 'node', text: 'Nov 20: 10\u00a0ms (8\u00a0ms – 14\u00a0ms)' });
  });

  it('leaves out a figure that nothing has', () => {
    expect(charts([slot(NOW)]).map(({ id }) => id)).toEqual(['answers', 'answer']);
    expect(charts([])).toEqual([]);
    const days = [slot(NOW - DAY / 2, { score: 61 }), slot(NOW, { score: 78 })];
    expect(chart('score', [], { days })?.summary).toBe('last 78; 61 to 78');
  });

  it('has a bar for each answer, low where there was none', () => {
    const slots = [slot(NOW - HOUR), slot(NOW, { answered: 0, reason: 'refused', answer: null })];
    const found = chart('answers', slots);
    expect(found?.points.map(({ kind }) => kind)).toEqual(['all', 'none']);
    expect(found?.points[1]?.y).toBeLessThan(FLOOR);
    expect(found?.summary).toBe('1 of 2 answered');
  });
});

describe('the axes', () => {
  it('have round figures', () => {
    expect([0.2, 0.35, 7, 11, 99, 1182].map(nice)).toEqual([0.2, 0.4, 8, 20, 100, 2000]);
    expect(ceiling([], 1)).toBe(1);
    expect(ceiling([10, 12, 18], 1)).toBe(20);
  });

  it.each([
    ['24h', 4],
    ['7d', 7],
    ['90d', 6],
  ] as const)('say when, over %s', (span, count) => {
    const { ticks, place, since } = timeAxis(span, NOW, words);
    expect(ticks.length).toBeGreaterThanOrEqual(count);
    expect(ticks.every(({ x }) => x >= 0 && x <= 100)).toBe(true);
    expect([place(since), place(NOW)]).toEqual([0, 100]);
  });
});

describe('the slots', () => {
  it('are single tries, and spans of time where there are many', () => {
    const tries = (count: number) => Array.from({ length: count }, (_, at) => attempt(NOW - at * 60_000, 5 + (at % 3)));
    expect(trySlots(tries(20), NOW - DAY, NOW)).toHaveLength(20);
    const many = trySlots([...tries(1000), attempt(NOW - 1, null)], NOW - DAY, NOW);
    expect(many.length).toBeLessThanOrEqual(97);
    expect(many.reduce((sum, { tries }) => sum + tries, 0)).toBe(1001);
    expect(many[3]?.rtt).toEqual({ typical: 6, low: 5, high: 7 });
  });

  it('are days with the spread of their tries, as far as these are stored', () => {
    const days = ['2026-11-18', '2026-11-20'].map((day) => ({
      ...{ day, attempts: 3, answered: 3, score: 50, rtt: 10, answer: null },
    }));
    const [old, today] = daySlots(
      days,
      [8, 10, 12].map((rtt, at) => attempt(NOW - at * HOUR, rtt)),
      NOW,
    );
    expect(old?.rtt).toEqual({ typical: 10, low: 10, high: 10 });
    expect(today).toMatchObject({ at: NOW, rtt: { typical: 10, low: 8, high: 12 } });
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
