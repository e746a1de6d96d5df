/** The owner's opinions, recommendations and own minutes: stored, capped, and opinions never pruned. */

import { describe, expect, it } from 'vitest';
import type { MovableRecommendations } from '../../plugin/store/tables/recommendations.js';
import { DAY, NOW, opened } from './made.js';

const UNMARKED = { pinned: false, hidden: false, reserve: false };
const SILENT = { ...UNMARKED, note: '', stars: [], runBy: '', known: '', language: '', help: '' };

describe('opinions', () => {
  it('are empty by default', () => {
    const { opinions } = opened(':memory:');
    expect(opinions.get('t', 'p1')).toEqual(SILENT);
    expect(opinions.all('t')).toEqual(new Map());
  });

  it('keep unchanged fields', () => {
    const { opinions } = opened(':memory:');
    const fields = { pinned: true, note: `Núria’s "box"`, known: 'yes', language: 'català' } as const;
    opinions.put('t', 'p1', fields);
    opinions.put('t', 'p1', { pinned: false, hidden: true, help: '' });
    opinions.rate('t', 'p2', 2);
    opinions.put('another', 'p1', { runBy: 'a school' });
    const p1 = { ...SILENT, ...fields, pinned: false, hidden: true };
    expect(opinions.get('t', 'p1')).toEqual(p1);
    const p2 = { ...SILENT, stars: [{ at: NOW, stars: 2 }] };
    expect(opinions.all('t')).toEqual(new Map(Object.entries({ p1, p2 })));
  });

  it('never pin what is in reserve: the newer mark holds, whatever else was said', () => {
    const { opinions } = opened(':memory:');
    opinions.put('t', 'p1', { pinned: true, hidden: true, note: 'x' });
    opinions.put('t', 'p1', { reserve: true });
    expect(opinions.get('t', 'p1')).toEqual({ ...SILENT, hidden: true, reserve: true, note: 'x' });
    opinions.put('t', 'p1', { note: 'y' });
    expect(opinions.get('t', 'p1').reserve).toBe(true);
    opinions.put('t', 'p1', { pinned: true });
    expect(opinions.get('t', 'p1')).toEqual({ ...SILENT, pinned: true, hidden: true, note: 'y' });
    expect(() => opinions.put('t', 'p1', { pinned: true, reserve: true })).toThrow(/CHECK/);
  });

  it('keep the newest ten ratings, newest first', () => {
    let now = NOW;
    const { opinions } = opened(':memory:', () => now++);
    for (let index = 0; index < 12; index++) opinions.rate('t', 'p1', index === 11 ? 5 : 1);
    opinions.rate('t', 'p2', 3);
    const { stars } = opinions.get('t', 'p1');
    expect([stars.length, stars[0], stars.at(-1)]).toEqual([10, { at: NOW + 11, stars: 5 }, { at: NOW + 2, stars: 1 }]);
    expect(opinions.get('t', 'p2').stars).toHaveLength(1);
  });

  it('refuse overlong texts and invalid stars', () => {
    const { opinions } = opened(':memory:');
    opinions.put('t', 'p1', { note: 'à'.repeat(1000), runBy: 'à'.repeat(100) });
    expect(() => opinions.put('t', 'p1', { note: 'x'.repeat(1001) })).toThrow(/CHECK/);
    expect(() => opinions.put('t', 'p1', { help: 'x'.repeat(101) })).toThrow(/CHECK/);
    expect(() => opinions.rate('t', 'p1', 6 as 5)).toThrow(/CHECK/);
    expect(opinions.get('t', 'p1').note).toBe('à'.repeat(1000));
  });

  it('are never pruned', () => {
    let now = NOW;
    const store = opened(':memory:', () => now);
    store.opinions.put('t', 'p1', { hidden: true });
    store.opinions.rate('t', 'p1', 4);
    now += 4000 * DAY;
    while (store.prune() > 0);
    expect(store.opinions.get('t', 'p1')).toEqual({ ...SILENT, hidden: true, stars: [{ at: NOW, stars: 4 }] });
  });
});

describe('recommendations', () => {
  it('are one per type, and can be replaced and withdrawn', () => {
    const { recommendations } = opened(':memory:');
    expect(recommendations.get('t')).toBeNull();
    recommendations.put('t', { provider: 'p1', challenger: null });
    recommendations.put('another', { provider: 'p9', challenger: null });
    recommendations.put('t', { provider: 'p1', challenger: 'p2' });
    expect(recommendations.get('t')).toEqual({ provider: 'p1', challenger: 'p2' });
    recommendations.put('t', null);
    expect([recommendations.get('t'), recommendations.get('another')?.provider]).toEqual([null, 'p9']);
  });
});

describe('the date of a recommendation', () => {
  it('stays with its provider, whoever challenges it', () => {
    let now = NOW;
    const { recommendations } = opened(':memory:', () => now);
    const since = (provider: string, challenger: string | null) => {
      recommendations.put('t', { provider, challenger });
      return recommendations.since('t');
    };
    expect([recommendations.since('t'), since('p1', null)]).toEqual([null, NOW]);
    now += DAY;
    expect([since('p1', 'p2'), since('p2', 'p1')]).toEqual([NOW, NOW + DAY]);
  });

  it('and that of the challenger’s lead move with a clock that was wrong', () => {
    const { recommendations } = opened(':memory:', () => NOW) as unknown as { recommendations: MovableRecommendations };
    recommendations.put('t', { provider: 'p1', challenger: 'p2', leadsSince: NOW - 5 });
    recommendations.move({ from: NOW - 10, until: NOW + 10, by: DAY });
    expect(recommendations.get('t')).toEqual({ provider: 'p1', challenger: 'p2', leadsSince: NOW - 5 + DAY });
    expect(recommendations.since('t')).toBe(NOW + DAY);
    recommendations.put('t', { provider: 'p2', challenger: null });
    expect(recommendations.get('t')).toEqual({ provider: 'p2', challenger: null });
  });
});

describe('this node’s own minutes', () => {
  const MIDNIGHT = Math.floor(NOW / DAY) * DAY;

  it('tell when nobody could be reached: whole days of earlier runs, minutes of this one', () => {
    const { own } = opened(':memory:');
    own.beat(MIDNIGHT - 5 * DAY, 'up');
    own.beat(MIDNIGHT - 4 * DAY, 'cut');
    own.beat(MIDNIGHT - 2 * DAY, 'up');
    expect(own.outages(0)).toContainEqual({ from: MIDNIGHT - 4 * DAY, until: MIDNIGHT - 2 * DAY });
    for (const minute of [0, 1, 2]) own.beat(MIDNIGHT + minute * 60_000, minute === 1 ? 'cut' : 'up');
    expect(own.outages(MIDNIGHT)).toEqual([{ from: MIDNIGHT + 60_000, until: MIDNIGHT + 120_000 }]);
  });

  it('are counted once by day and state, even where a beat is a little late', () => {
    const { own } = opened(':memory:');
    for (const minute of [0, 0.5, 1, 2.99, 4.01]) own.beat(MIDNIGHT + minute * 60_000, 'up');
    own.beat(MIDNIGHT + 60 * 60_000, 'cut');
    own.beat(MIDNIGHT - DAY, 'up');
    expect(own.days(0)).toEqual([
      { day: '2026-11-22', up: 1, cut: 0 },
      { day: '2026-11-23', up: 5, cut: 1 },
    ]);
    expect(own.days(NOW)).toHaveLength(1);
  });

  it('never exceed the minutes of a day, whatever the clock does', () => {
    const { own } = opened(':memory:');
    for (let minute = 0; minute < 3 * 1440; minute++) own.beat(MIDNIGHT + (minute % 1440) * 60_000, 'up');
    own.beat(MIDNIGHT, 'cut');
    expect(own.days(0)).toEqual([{ day: '2026-11-23', up: 1440, cut: 0 }]);
  });

  it('are deleted after two years', () => {
    let now = NOW;
    const store = opened(':memory:', () => now);
    store.own.beat(NOW, 'up');
    now += 732 * DAY;
    expect([store.prune(), store.own.days(0)]).toEqual([1, []]);
  });
});
