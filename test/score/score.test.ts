/** The score by plain examples: what a person would expect of it. */
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { answerTime, loss } from '../../plugin/model/metric.js';
import { toCurve } from '../../plugin/score/curve.js';
import { toScore, UNTRIED } from '../../plugin/score/index.js';
import { median } from '../../plugin/score/mark.js';
import { answered, failed, HOUR, NOW, SECOND, TYPE, UNSCORED_TYPE } from './made.js';

const score = (attempts: readonly Attempt[]) => toScore(TYPE, attempts, NOW);
const PERFECT = { answer: 1, rtt: 1, loss: 0 };
const FAST = { answer: 10, rtt: 8, loss: 0 };
const SLOW = { answer: 250, rtt: 200, loss: 0.02 };
const every = (count: number, make: (age: number) => Attempt) =>
  Array.from({ length: count }, (_, index) => make(index * HOUR));

describe('the curve of a metric', () => {
  const time = toCurve(answerTime({ weight: 1, useless: 1000, excellent: 10 }));

  it('marks a time by its ratio: half way between 10 ms and 1 s is 100 ms', () => {
    expect([10, 100, 1000].map(time)).toEqual([1, expect.closeTo(0.5, 12), 0]);
  });

  it('stays at its ends beyond the anchors, and marks 0 what is not a time', () => {
    expect([0, 5, 2000, Number.POSITIVE_INFINITY, Number.NaN, -1].map(time)).toEqual([1, 1, 0, 0, 0, 0]);
  });

  it('marks a share in equal steps', () => {
    expect([0, 0.025, 0.1, 0.5].map(toCurve(loss(1)))).toEqual([1, expect.closeTo(0.75, 12), 0, 0]);
  });
});

describe('the score of one provider', () => {
  it('is 75 after one perfect measurement, as is every metric', () => {
    const { score: points, parts, confidence } = score([answered(0, PERFECT)]);
    expect(points).toBeCloseTo(75, 9);
    expect(parts.map(({ mark }) => mark)).toEqual([0.75, 0.75, 0.75, 0.75]);
    expect(confidence).toBe('fair');
  });

  it('puts the fast one above the slow one', () => {
    expect(score(every(5, (age) => answered(age, FAST))).score).toBeGreaterThan(
      Number(score(every(5, (age) => answered(age, SLOW))).score),
    );
  });

  it('narrows with more samples, and widens as they age', () => {
    const words = [1, 4, 40].map((count) => score(every(count, (age) => answered(age, FAST))).confidence);
    expect(words).toEqual(['fair', 'fair', 'solid']);
    const { low, high, confidence } = score([answered(20 * 24 * HOUR, FAST)]);
    const fresh = score([answered(0, FAST)]);
    expect(confidence).toBe('guess');
    expect(Number(high) - Number(low)).toBeGreaterThan(Number(fresh.high) - Number(fresh.low));
  });

  it('is never solid after one scan, nor after many within minutes', () => {
    const scan = Array.from({ length: 5 }, (_, nth) => answered(nth * 200, FAST));
    expect(score(scan).confidence).toBe('fair');
    const padded = Array.from({ length: 40 }, (_, nth) => answered(nth * 15 * SECOND, FAST));
    expect(score(padded).confidence).toBe('fair');
  });

  it('does not hold the best so far for the best there is: its upper bound is free of the prior', () => {
    expect(score(every(3, (age) => answered(3 * age, PERFECT))).high).toBe(100);
    expect(Number(score(every(3, (age) => answered(3 * age, PERFECT))).score)).toBeLessThan(90);
  });

  it('is as wide as the spread that was seen', () => {
    const wide = (times: readonly number[]) => {
      const { low, high } = score(times.map((answer, nth) => answered(nth * 3 * HOUR, { answer, rtt: 8, loss: 0 })));
      return Number(high) - Number(low);
    };
    const steady = Array.from({ length: 20 }, () => 40);
    const unsteady = steady.map((_, nth) => (nth % 2 === 0 ? 10 : 160));
    expect(wide(unsteady)).toBeGreaterThan(1.3 * wide(steady));
    expect(wide(steady)).toBeLessThan(20);
  });

  it('is not solid where the interval is wide, however many attempts answered: times of only one were kept', () => {
    const untimed = every(20, (age) => answered(age, {}));
    const all = score(every(20, (age) => answered(age, FAST)));
    const one = score([answered(0, FAST), ...untimed]);
    expect([all.confidence, one.confidence]).toEqual(['solid', 'fair']);
    expect(Number(one.high) - Number(one.low)).toBeGreaterThan(1.5 * (Number(all.high) - Number(all.low)));
  });

  it('does not let a slow provider look better by dying now and then (survivorship)', () => {
    const slow = every(10, (age) => answered(age, SLOW));
    const slowThenDead = slow.map((one, index) => (index > 0 && index < 6 ? failed(index * HOUR) : one));
    expect(score(slowThenDead).score).toBeLessThan(Number(score(slow).score));
    expect(score(slowThenDead).score).toBeGreaterThan(0);
  });

  it('puts one that is fast every other time below one that is slower every time', () => {
    const unreliable = every(10, (age) => ((age / HOUR) % 2 === 0 ? answered(age, FAST) : failed(age)));
    const slower = every(10, (age) => answered(age, { answer: 60, rtt: 50, loss: 0 }));
    expect(score(unreliable).score).toBeLessThan(Number(score(slower).score));
  });

  it('reports the median of the values, and the share of attempts that answered', () => {
    const attempts = [answered(0, { answer: 10 }), answered(1, { answer: 1000 }), answered(2, { answer: 30 })];
    const { parts, samples, attempts: all, measuredAt } = score([...attempts, failed(3)]);
    const value = Object.fromEntries(parts.map((part) => [part.metric, part.value]));
    expect(value).toEqual({ answer: 30, rtt: null, loss: null, answers: 0.75 });
    expect({ samples, all, measuredAt }).toEqual({ samples: 3, all: 4, measuredAt: NOW });
  });

  it('counts an answer whose times were thrown away as an answer, and nothing else', () => {
    const before = [answered(HOUR, FAST)];
    const marks = (attempts: readonly Attempt[]) =>
      Object.fromEntries(score(attempts).parts.map(({ metric, mark }) => [metric, mark]));
    const [one, two] = [marks(before), marks([answered(0, {}), ...before])];
    expect(two).toEqual({ ...one, answers: two.answers });
    expect(two.answers).toBeGreaterThan(Number(one.answers));
  });

  it('takes a whole attempt as one sample, so that many slow samples never weigh more than one failure', () => {
    const useless = { ...answered(0, {}), samples: Array(20).fill({ metric: 'answer', value: 5000, method: 'udp' }) };
    const history = [answered(HOUR, FAST), answered(2 * HOUR, FAST)];
    expect(score([failed(0), ...history]).score).toBeLessThan(Number(score([useless, ...history]).score));
  });

  it('treats a future attempt as fresh: a clock that was set back invalidates nothing', () => {
    expect(score([answered(-5 * HOUR, FAST)]).score).toBe(score([answered(0, FAST)]).score);
  });

  it('ages nothing because of a future attempt', () => {
    const before = every(5, (age) => answered(age + HOUR, FAST));
    const { confidence, parts } = score([answered(-365 * 24 * HOUR, FAST), ...before]);
    expect(confidence).toBe('solid');
    expect(parts[0]?.mark).toBe(score([answered(0, FAST), ...before]).parts[0]?.mark);
  });

  it('tells the path by every kind of ping, and by nothing else', () => {
    const one = answered(0, { rtt: 8 });
    const pings = ['serf-ping', 'ping'].map((method, nth) => ({ metric: 'rtt', value: 20 + 10 * nth, method }));
    expect(score([one]).path).toBeNull();
    expect(score([{ ...one, samples: [...one.samples, ...pings] }]).path).toEqual({
      rtt: 25,
      jitter: null,
      loss: null,
    });
  });

  it('joins by the weighted geometric mean, in which no mark counts for less than 0.02', () => {
    const { score: points, parts } = score(
      Array.from({ length: 40 }, (_, nth) => answered(nth * 60 * SECOND, { answer: 30, rtt: 9000, loss: 0 })),
    );
    expect(parts[1]?.mark).toBeLessThan(0.02);
    const product = parts.reduce((all, { mark, weight }) => all * Math.max(Number(mark), 0.02) ** weight, 100);
    expect(points).toBeCloseTo(product, 9);
  });

  it('takes level and facts of the newest answer', () => {
    const newest = { ...answered(0, FAST, 3), facts: { software: 'unbound' } };
    const attempts = [failed(-SECOND), answered(HOUR, FAST, 5), newest];
    expect(score(attempts)).toMatchObject({ level: 3, facts: { software: 'unbound' }, unproven: false });
  });

  it('is unproven when the level reached cannot prove the service', () => {
    const path = { ...TYPE, scoredFrom: 2 as const };
    expect(toScore(path, [answered(0, FAST, 2)], NOW)).toMatchObject({ level: 2, unproven: true, reason: null });
    expect(toScore(path, [failed(0)], NOW).unproven).toBe(false);
  });

  it('is null before the first attempt', () => {
    expect(score([])).toEqual(UNTRIED);
    expect(UNTRIED).toMatchObject({ score: null, level: 0, reason: null, parts: [], measuredAt: null });
  });
});

describe('the gate', () => {
  const none = { value: null, unit: null, doubt: 0, count: 0, fresh: 0 };
  const GATE = [{ ...none, metric: 'gate', mark: 0, weight: 1, lost: 100, failures: 100 }];

  it('closes on a provider that never answered: 0 with the reason, and no figure', () => {
    const dead = { ...failed(0, 'refused', 1), detail: 'connection refused' };
    expect(score([dead])).toEqual({
      ...UNTRIED,
      level: 1,
      score: 0,
      low: 0,
      high: 0,
      reason: 'refused',
      detail: 'connection refused',
      parts: GATE,
      attempts: 1,
      failures: 1,
      measuredAt: NOW,
    });
  });

  it('leaves one failure after a success open', () => {
    expect(score([failed(0), answered(HOUR, FAST)])).toMatchObject({ reason: null, level: 4 });
  });

  it('counts two failures within 30 s as one, and 30 s apart as two', () => {
    const success = answered(HOUR, FAST);
    expect(score([failed(0), failed(29 * SECOND), success]).score).toBeGreaterThan(0);
    expect(score([failed(0), failed(30 * SECOND), success]).score).toBe(0);
    expect(score([failed(0), failed(20 * SECOND), failed(40 * SECOND), success]).score).toBe(0);
  });

  it('carries no value and no fact when it closes on a provider that answered before', () => {
    const before = { ...answered(HOUR, FAST), facts: { software: 'unbound' } };
    const { parts, facts, samples, confidence } = score([failed(0), failed(60 * SECOND), before]);
    expect({ parts, facts, samples, confidence }).toEqual({ parts: GATE, facts: {}, samples: 1, confidence: null });
  });

  it.each(['wrong-protocol', 'wrong-identity', 'refuses-me'] as const)('closes at once on %s', (reason) => {
    expect(score([failed(0, reason, 3), answered(HOUR, FAST)])).toMatchObject({ score: 0, reason, level: 3 });
    expect(score([failed(SECOND, reason, 3), answered(0, FAST)]).score).toBeGreaterThan(0);
  });

  it('opens again with one success', () => {
    const dead = [failed(HOUR), failed(2 * HOUR), failed(3 * HOUR)];
    expect(score([answered(0, FAST), ...dead]).score).toBeGreaterThan(0);
  });

  it('does not count an answer below the proving level, and keeps what it said', () => {
    const open = { ...answered(0, FAST, 2), facts: { https: '8443' } };
    const gate = { score: 0, level: 2, reason: 'not-checked', samples: 0, failures: 0, facts: { https: '8443' } };
    expect(score([open])).toMatchObject(gate);
  });
});

describe('a type that is not scored', () => {
  const unscored = (attempts: readonly Attempt[]) => toScore(UNSCORED_TYPE, attempts, NOW);

  it('shows what was measured, and no score', () => {
    const port = [answered(0, { rtt: 4, loss: 0 }, 2), answered(1, { rtt: 6 }, 2)];
    expect(unscored(port)).toMatchObject({ score: null, low: null, high: null, reason: 'not-checked', level: 2 });
    const pointless = { mark: null, weight: 0, lost: 0, failures: 0, doubt: 0, fresh: 0 };
    expect(unscored(port).parts).toEqual([
      { ...pointless, metric: 'loss', value: 0, unit: 'share', count: 1 },
      { ...pointless, metric: 'rtt', value: 5, unit: 'ms', count: 2 },
    ]);
  });

  it('scores 0 with the reason where nothing answers', () => {
    expect(unscored([failed(0, 'refused')])).toMatchObject({ score: 0, reason: 'refused', level: 0 });
  });
});

describe('the median', () => {
  it('is the middle one, the mean of the two middle ones, or nothing', () => {
    expect([[3, 20, 100], [4, 1], []].map(median)).toEqual([20, 2.5, null]);
  });
});
