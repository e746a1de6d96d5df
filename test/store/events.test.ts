/** The event log: bounded, in order whatever the clock does, and with the outcome of every job. */
import { describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../plugin/store/index.js';
import { EVENTS_KEPT, type NewEvent } from '../../plugin/store/tables/events.js';
import { freshPath, job, NOW } from './made.js';

const DONE: NewEvent = {
  ...{ by: 'owner', name: '', what: 'opinion', type: 't', provider: 'p', result: 'done', job: null },
};

function storeAt(clock: { now: number }, path = ':memory:'): Store {
  return openStore(path, () => clock.now);
}

describe('events', () => {
  it('come newest first, even when the clock goes back', () => {
    const clock = { now: NOW };
    const { events } = storeAt(clock);
    events.add({ ...DONE, provider: 'first' });
    clock.now -= 86_400_000 * 400;
    events.add({ ...DONE, provider: 'second', by: 'cloudy', name: 'anna' });
    expect(events.newest(9).map(({ provider }) => provider)).toEqual(['second', 'first']);
    expect(events.newest(1)).toEqual([
      { ...DONE, provider: 'second', by: 'cloudy', name: 'anna', at: clock.now, count: 1 },
    ]);
  });

  it(`are at most ${EVENTS_KEPT}: the oldest go`, () => {
    const { events } = storeAt({ now: NOW });
    for (let index = 0; index < EVENTS_KEPT + 20; index++) events.add({ ...DONE, provider: `p${index}` });
    const all = events.newest(EVENTS_KEPT * 2);
    expect(all).toHaveLength(EVENTS_KEPT);
    expect(all.at(-1)?.provider).toBe('p20');
  });

  it('take one line a day where they are counted, which moves to the top', () => {
    const clock = { now: NOW };
    const { events } = storeAt(clock);
    const login = { ...DONE, by: 'stranger', what: 'login', type: null, provider: null, result: 'failed' } as const;
    for (let index = 0; index < 1_000; index++) events.count(login);
    events.add(DONE);
    events.count(login);
    expect(events.newest(9)).toMatchObject([{ what: 'login', count: 1_001 }, { what: 'opinion' }]);
    clock.now += 86_400_000;
    events.count(login);
    expect(events.newest(9).map(({ count }) => count)).toEqual([1, 1_001, 1]);
  });

  it('show their job’s state, in one line per job', () => {
    const store = storeAt({ now: NOW });
    const running = { ...job('a'), state: 'running' as const };
    store.jobs.put(running);
    store.events.add({ ...DONE, what: 'scan', job: 'a' });
    store.events.add({ ...DONE, what: 'scan', job: 'a', by: 'cloudy', name: 'other' });
    expect(store.events.newest(9)).toMatchObject([{ result: 'running', by: 'owner' }]);
    store.jobs.put({ ...running, state: 'cancelled' });
    expect(store.events.newest(9)).toMatchObject([{ result: 'cancelled' }]);
  });

  it('show a job as failed when its process died, and keep the job as long as the event', () => {
    const clock = { now: NOW };
    const path = freshPath();
    const store = storeAt(clock, path);
    store.jobs.put(job('a'));
    store.jobs.put(job('forgotten'));
    store.events.add({ ...DONE, what: 'scan', job: 'a' });
    store.close();
    clock.now += 86_400_000 * 60;
    const next = storeAt(clock, path);
    next.jobs.closeOrphans();
    while (next.prune() > 0);
    expect([next.jobs.get('forgotten'), next.jobs.get('a')?.state]).toEqual([null, 'failed']);
    expect(next.events.newest(9)).toMatchObject([{ what: 'scan', result: 'failed' }]);
    next.close();
  });
});
