/** A provider's days: computed from its raw attempts, outliving them, and compact for a whole list. */
import { describe, expect, it } from 'vitest';
import { NOT_TRIED } from '../../plugin/store/index.js';
import { answered, DAY, failed, NOW, opened } from './made.js';

const sample = (metric: string, value: number) => ({ metric, value, method: 'udp' });

describe('a day', () => {
  it('counts attempts and answers, and keeps the medians and the last score', () => {
    const { attempts, history } = opened(':memory:');
    attempts.add(answered(NOW - 3, { samples: [sample('rtt', 1), sample('rtt', 9), sample('ttfb', 50)] }));
    attempts.add(answered(NOW - 2, { samples: [sample('rtt', 4), sample('ttfb', 70)] }));
    attempts.add(failed(NOW - 1));
    attempts.add(answered(NOW, { provider: 'p2', samples: [sample('rtt', 1000)] }));
    history.note('t', 'p1', 40);
    history.note('t', 'p1', 61.5);
    const day = { day: '2026-11-23', attempts: 3, answered: 2, score: 61.5, rtt: 4, answer: 60 };
    expect(history.days('t', 'p1', NOW - 9 * DAY)).toEqual([day]);
    expect(history.days('t', 'p2', 0)).toEqual([]);
  });

  it('uses the first of the service times that each answer has', () => {
    const { attempts, history } = opened(':memory:');
    attempts.add(answered(NOW - 1, { samples: [sample('handshake', 900), sample('answer', 10)] }));
    attempts.add(answered(NOW, { samples: [sample('handshake', 30)] }));
    history.note('t', 'p1', null);
    expect(history.days('t', 'p1', NOW)).toMatchObject([{ score: null, rtt: null, answer: 20 }]);
  });

  it('without attempts has no row', () => {
    const { history } = opened(':memory:');
    history.note('t', 'p1', 50);
    expect(history.days('t', 'p1', 0)).toEqual([]);
  });

  it('becomes two for a scan that ran past midnight', () => {
    const midnight = Math.floor(NOW / DAY) * DAY;
    const { attempts, history } = opened(':memory:', () => midnight + 1000);
    attempts.add(answered(midnight - 1));
    attempts.add(failed(midnight));
    history.note('t', 'p1', 50);
    expect(history.days('t', 'p1', 0)).toMatchObject([
      { day: '2026-11-22', attempts: 1, answered: 1 },
      { day: '2026-11-23', attempts: 1, answered: 0 },
    ]);
  });

  it('keeps its last score once it is over, whatever is measured just after midnight', () => {
    let now = Math.floor(NOW / DAY) * DAY - 1;
    const { attempts, history } = opened(':memory:', () => now);
    attempts.add(answered(now));
    history.note('t', 'p1', 88);
    now += 1000;
    attempts.add(failed(now));
    history.note('t', 'p1', 0);
    expect(history.days('t', 'p1', 0)).toMatchObject([{ score: 88 }, { score: 0 }]);
  });

  it('is written for many providers together, all or none', () => {
    const { attempts, history } = opened(':memory:');
    for (const provider of ['p1', 'p2', 'p3']) attempts.add(answered(NOW, { provider }));
    const days = () => ['p1', 'p2', 'p3'].flatMap((provider) => history.days('t', provider, 0));
    expect(() =>
      history.noteAll(
        't',
        new Map([
          ...([
            ['p1', 50],
            ['p2', 101],
          ] as const),
        ]),
      ),
    ).toThrow(/CHECK/);
    expect(days()).toEqual([]);
    history.noteAll(
      't',
      new Map([
        ...([
          ['p1', 50],
          ['p2', null],
          ['unheard of', 1],
        ] as const),
      ]),
    );
    expect(days()).toMatchObject([{ score: 50 }, { score: null }]);
  });

  it('outlives its raw attempts, and is deleted after two years', () => {
    let now = NOW;
    const store = opened(':memory:', () => now);
    store.attempts.add(answered(NOW));
    store.history.note('t', 'p1', 50);
    now += 31 * DAY;
    while (store.prune() > 0);
    expect(store.attempts.of('t', 'p1')).toEqual([]);
    now = NOW + 730 * DAY;
    expect([store.prune(), store.history.days('t', 'p1', 0).length]).toEqual([0, 1]);
    now += 2 * DAY;
    expect([store.prune(), store.history.days('t', 'p1', 0).length]).toEqual([1, 0]);
  });
});

describe('the bars of a list', () => {
  it('have one byte a day, from the first day asked for to today', () => {
    let now = NOW;
    const { attempts, history } = opened(':memory:', () => now);
    const day = (ago: number, outcomes: readonly boolean[]) => {
      now = NOW - ago * DAY;
      outcomes.forEach((good, index) => void attempts.add((good ? answered : failed)(now + index)));
      history.note('t', 'p1', null);
    };
    day(5, [true]);
    day(4, [true, true]);
    day(2, [...Array.from({ length: 300 }, () => true), false]);
    day(1, [...Array.from({ length: 300 }, () => false), true]);
    day(0, [false]);
    attempts.add(answered(now, { type: 'another', provider: 'p2' }));
    history.note('another', 'p2', null);
    expect(history.bars('t', NOW - 4 * DAY)).toEqual(new Map([['p1', Uint8Array.of(100, NOT_TRIED, 99, 1, 0)]]));
    expect(history.bars('t', NOW)).toEqual(new Map([['p1', Uint8Array.of(0)]]));
    expect([...history.bars('another', NOW - DAY).keys()]).toEqual(['p2']);
    expect(history.bars('never-seen', 0).size).toBe(0);
  });

  it('leave out a provider that was not probed in that time', () => {
    let now = NOW - 40 * DAY;
    const { attempts, history } = opened(':memory:', () => now);
    attempts.add(answered(now));
    history.note('t', 'p1', null);
    now = NOW;
    expect(history.bars('t', NOW - 30 * DAY).size).toBe(0);
  });
});

describe('a clock that is wrong', () => {
  it('by a day either way loses no summary and nothing that is kept for weeks', () => {
    let now = NOW;
    const store = opened(':memory:', () => now);
    const at = (time: number) => {
      now = time;
      store.attempts.add(answered(time));
      store.history.note('t', 'p1', 50);
    };
    for (let ago = 28; ago >= 0; ago--) at(NOW - ago * DAY);
    at(NOW + DAY);
    while (store.prune() > 0);
    at(NOW + 1);
    while (store.prune() > 0);
    expect(store.attempts.of('t', 'p1', 100)).toHaveLength(31);
    expect(store.history.days('t', 'p1', 0).at(-1)).toMatchObject({ day: '2026-11-23', attempts: 3 });
    at(NOW + DAY + 1);
    expect(store.history.days('t', 'p1', 0).map((day) => day.attempts)).toEqual([...Array(28).fill(1), 3, 1]);
  });

  it('by more than the life of raw attempts shrinks no summary', () => {
    let now = NOW;
    const store = opened(':memory:', () => now);
    for (const index of [0, 1, 2]) store.attempts.add(answered(NOW + index));
    store.history.note('t', 'p1', 50);
    now += 40 * DAY;
    while (store.prune() > 0);
    now = NOW;
    store.attempts.add(failed(NOW));
    store.history.note('t', 'p1', 10);
    expect(store.history.days('t', 'p1', 0)).toMatchObject([{ attempts: 3, answered: 3, score: 50 }]);
  });
});
