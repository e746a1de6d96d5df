/** What must hold for every history whatsoever: the score's invariants, each by its name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Metric } from '../../plugin/probe/metrics.js';
import { type Score, scoreOf } from '../../plugin/score/index.js';
import { rank } from '../../plugin/score/rank.js';
import type { Attempt } from '../../plugin/store/attempts.js';
import { aFailed, anAnswered, answered, failed, HOUR, history, NOW, provider, SECOND, TYPE } from './made.js';

const score = (attempts: readonly Attempt[]) => scoreOf(TYPE, attempts, NOW);
const points = (attempts: readonly Attempt[]) => Number(score(attempts).score);
/** Room for the last bits of rounding. */
const EPSILON = 1e-9;

/** A history and one of its attempts' places, picked at random. */
const withPlace = history.chain((attempts) =>
  fc.record({ attempts: fc.constant(attempts), place: fc.nat({ max: attempts.length - 1 }) }),
);

const histories = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[0-9a-f]{3}$/), fc.option(history)), {
  selector: ([id]) => id,
  minLength: 2,
  maxLength: 8,
});

function ranked(list: readonly (readonly [string, readonly Attempt[] | null])[]) {
  const scores = new Map<string, Score>();
  for (const [id, attempts] of list) if (attempts) scores.set(id, score(attempts));
  return rank(
    list.map(([id]) => provider(id)),
    scores,
  );
}

describe('the score, for any history', () => {
  it('P1: lies between its bounds, and these between 0 and 100', () => {
    fc.assert(
      fc.property(history, (attempts) => {
        const { low, score: middle, high } = score(attempts);
        const line = [0, low, middle, high, 100].map((point) => point ?? Number.NaN);
        expect(line.every((point, index) => point >= (line[index - 1] ?? 0))).toBe(true);
      }),
    );
  });

  it('P2: never falls when one measured value improves', () => {
    const improvable = withPlace.filter(({ attempts, place }) => {
      const attempt = attempts[place];
      return attempt?.reason === null && attempt.samples.length > 0;
    });
    fc.assert(
      fc.property(improvable, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), ({ attempts, place }, nth, by) => {
        const better = attempts.map((attempt, index) => {
          if (index !== place || attempt.reason !== null) return attempt;
          // Every metric of the type is better when it is smaller.
          const samples = attempt.samples.map((sample, at) =>
            at === nth % attempt.samples.length ? { ...sample, value: sample.value * by } : sample,
          );
          return { ...attempt, samples };
        });
        expect(points(better)).toBeGreaterThanOrEqual(points(attempts) - EPSILON);
      }),
    );
  });

  it('P3: never rises when a success turns into a failure', () => {
    fc.assert(
      fc.property(withPlace, aFailed, ({ attempts, place }, failure) => {
        const worse = attempts.map((attempt, index) =>
          index === place && attempt.reason === null ? { ...failure, at: attempt.at } : attempt,
        );
        expect(points(worse)).toBeLessThanOrEqual(points(attempts) + EPSILON);
      }),
      { numRuns: 1000 },
    );
  });

  it('P4: reads only its own attempts: who else is listed changes no score and no order between two', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (list, nth) => {
        const gone = list[nth % list.length]?.[0];
        const all = ranked(list).filter((row) => row.provider.id !== gone);
        const fewer = ranked(list.filter(([id]) => id !== gone));
        const plain = (rows: typeof all) => rows.map(({ recommended: _, ...row }) => row);
        expect(plain(fewer)).toEqual(plain(all));
      }),
    );
  });

  it('P5: does not care in which order the attempts come, and is the same to the byte', () => {
    const shuffled = history.chain((attempts) =>
      fc.tuple(fc.constant(attempts), fc.shuffledSubarray(attempts, { minLength: attempts.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(JSON.stringify(score(other))).toBe(JSON.stringify(score(one)));
      }),
      { numRuns: 500 },
    );
  });

  it('P6: does not depend on the unit that times are counted in', () => {
    fc.assert(
      fc.property(history, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (attempts, factor) => {
        const stretch = (metric: Metric): Metric =>
          metric.unit === 'ms'
            ? { ...metric, useless: metric.useless * factor, excellent: metric.excellent * factor }
            : metric;
        const times = new Set(TYPE.metrics.filter(({ unit }) => unit === 'ms').map(({ id }) => id));
        const stretched = attempts.map((attempt) =>
          attempt.reason === null
            ? {
                ...attempt,
                samples: attempt.samples.map((sample) =>
                  times.has(sample.metric) ? { ...sample, value: sample.value * factor } : sample,
                ),
              }
            : attempt,
        );
        const inOtherUnit = scoreOf({ ...TYPE, metrics: TYPE.metrics.map(stretch) }, stretched, NOW);
        expect(inOtherUnit.score).toBeCloseTo(points(attempts), 6);
      }),
    );
  });

  it('P9: is 0 with a reason after two failures 30 s apart, and above 0 after one success', () => {
    const apart = fc.integer({ min: 30 * SECOND, max: 24 * HOUR });
    fc.assert(
      fc.property(history, aFailed, aFailed, apart, (attempts, one, other, gap) => {
        const newest = Math.max(...attempts.map(({ at }) => at)) + SECOND;
        const twice = [...attempts, { ...one, at: newest }, { ...other, at: newest + gap }];
        expect(score(twice)).toMatchObject({ score: 0, low: 0, high: 0, confidence: null, reason: other.reason });
        const again = score([...twice, { ...answered(0, {}), at: newest + gap + 1 }]);
        expect(again.score).toBeGreaterThan(0);
        expect(again.reason).toBeNull();
      }),
    );
  });

  it('P10: loses points that sum to 100 − score', () => {
    fc.assert(
      fc.property(history, (attempts) => {
        const { parts, score: points } = score(attempts);
        const lost = parts.reduce((sum, part) => sum + part.lost, 0);
        expect(lost).toBeCloseTo(100 - Number(points), 9);
        expect(Math.min(...parts.map((part) => part.lost))).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('P12: with a metric missing lies between that metric at its worst and at its best', () => {
    const [answer] = TYPE.metrics;
    const proven = fc.array(
      anAnswered.filter(({ level }) => level >= TYPE.scoredFrom),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(proven, (attempts) => {
        const missing = attempts.map((one) => ({ ...one, samples: one.samples.filter((s) => s.metric !== 'answer') }));
        const always = (value: number) =>
          missing.map((one) => ({ ...one, samples: [...one.samples, { metric: 'answer', value, method: 'udp' }] }));
        const without = points(missing);
        expect(points(always(Number(answer?.useless)))).toBeLessThanOrEqual(without + EPSILON);
        expect(points(always(Number(answer?.excellent)))).toBeGreaterThanOrEqual(without - EPSILON);
      }),
    );
  });

  it('P13: orders equals the same way, however the list comes in', () => {
    const few = fc.uniqueArray(
      fc.tuple(
        fc.stringMatching(/^[0-9a-f]{3}$/),
        fc.constantFrom<readonly Attempt[] | null>(
          null,
          [answered(0, { answer: 20 })],
          [answered(HOUR, { answer: 20 })],
          [failed(0)],
        ),
      ),
      { selector: ([id]) => id, minLength: 2, maxLength: 12 },
    );
    const shuffled = few.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(ranked(other)).toEqual(ranked(one));
      }),
    );
  });
});
