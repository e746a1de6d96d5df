/** Which ways have become others: after how many readings, and how often at most. */
import { describe, expect, it } from 'vitest';
import { type Route, WayChanges } from '../../plugin/routing/index.js';
import { routeTo } from './made.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NONE = { moved: [], lost: [] };
const MOVED = { moved: ['a'], lost: [] };

const way = (metric: number, gateway = '10.0.0.1') => routeTo('10.0.9.0/24', { metric, gateway });

/** One reading a minute of the way to one address. */
function follower() {
  const changes = new WayChanges();
  let now = 0;
  const read = (route: Route | null) => {
    now += MINUTE;
    return changes.look(new Map([['a', route]]), now);
  };
  const wait = (ms: number) => {
    now += ms;
  };
  return { changes, read, wait };
}

describe('a way', () => {
  it('is another one when two readings say that its metric is half as much more, or less', () => {
    const { read, wait } = follower();
    expect([300, 440, 450, 460].map((metric) => read(way(metric)))).toEqual([NONE, NONE, NONE, NONE]);
    expect(read(way(470))).toEqual(MOVED);
    wait(DAY);
    expect([470, 300, 290].map((metric) => read(way(metric)))).toEqual([NONE, NONE, MOVED]);
  });

  it('is another one when it begins with another node', () => {
    const { read } = follower();
    expect([way(300), way(300, '10.0.0.2'), way(300, '10.0.0.2')].map(read)).toEqual([NONE, NONE, MOVED]);
  });

  it('is the same one when a single reading is different', () => {
    const { read } = follower();
    expect([300, 900, 300, 900, 300].map((metric) => read(way(metric)))).toEqual(Array(5).fill(NONE));
  });

  it('is lost once where it is gone for two readings, and is back without being another one', () => {
    const { read } = follower();
    const readings = [way(300), null, null, null, way(300), way(300)];
    expect(readings.map(read)).toEqual([NONE, NONE, { moved: [], lost: ['a'] }, NONE, NONE, NONE]);
  });

  it('may never have been known', () => {
    const { read } = follower();
    expect([null, null, null, way(300), way(300)].map(read)).toEqual(Array(5).fill(NONE));
  });

  it('of a provider that has just appeared is compared with the reading before', () => {
    const changes = new WayChanges();
    const read = (minute: number, metric: number) =>
      changes.look(new Map([['a', way(metric)]]), minute * MINUTE, () => way(300));
    expect([read(1, 900), read(2, 900)]).toEqual([NONE, MOVED]);
  });

  it('that changes all the time is told of ever more rarely: ten times in two days of changes', () => {
    const { read } = follower();
    let told = 0;
    for (let minute = 0; minute < 2 * 24 * 60; minute++) told += read(way(minute % 6 < 3 ? 300 : 900)).moved.length;
    expect(told).toBeGreaterThanOrEqual(7);
    expect(told).toBeLessThanOrEqual(10);
  });

  it('is told of at once again after two quiet days', () => {
    const { read, wait } = follower();
    const change = (metric: number) => [way(metric), way(metric)].map(read);
    expect([change(300), change(900)]).toEqual([
      [NONE, NONE],
      [NONE, MOVED],
    ]);
    expect(change(300)).toEqual([NONE, NONE]);
    wait(10 * MINUTE);
    expect(read(way(300))).toEqual(MOVED);
    wait(10 * MINUTE);
    expect(change(900)).toEqual([NONE, NONE]);
    wait(2 * DAY);
    expect(change(2_000)).toEqual([NONE, MOVED]);
    wait(10 * MINUTE);
    expect(change(300)).toEqual([NONE, MOVED]);
  });
});

describe('all ways', () => {
  const addresses = ['a', 'b', 'c', 'd'];
  const all = (route: Route | null, except: readonly string[] = []) =>
    new Map(addresses.map((address) => [address, except.includes(address) ? way(300) : route]));

  it('are not lost while the daemon has just started', () => {
    const changes = new WayChanges();
    changes.look(all(way(300)), MINUTE);
    for (let n = 2; n < 9; n++) expect(changes.look(all(null, ['a']), n * MINUTE)).toEqual(NONE);
    expect(changes.look(all(way(300)), 9 * MINUTE)).toEqual(NONE);
  });

  it('that are not asked for are forgotten', () => {
    const changes = new WayChanges();
    changes.look(all(way(300)), MINUTE);
    changes.look(new Map(), 2 * MINUTE);
    for (let n = 3; n < 6; n++) expect(changes.look(all(way(900)), n * MINUTE)).toEqual(NONE);
  });
});
