/** What must hold for every history whatsoever: the score's invariants, each by its name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import type { Metric } from '../../plugin/model/metric.js';
import { scoreAt, toDigest, toScore } from '../../plugin/score/index.js';
import { aFailed, anAnswered, answered, failed, HOUR, history, NOW, SECOND, someStars, TYPE } from './made.js';

const score = (attempts: readonly Attempt[]) => toScore(TYPE, attempts, NOW);
const points = (attempts: readonly Attempt[]) => Number(score(attempts).score);
/** Room for the last bits of rounding. */
const EPSILON = 1e-9;

/** What stars may move. */
const UNMOVED = { score: 0, low: 0, high: 0, rating: null };

/** A history and one of its attempts' places, picked at random. */
const withPlace = history.chain((attempts) =>
  fc.record({ attempts: fc.constant(attempts), place: fc.nat({ max: attempts.length - 1 }) }),
);

describe('the score, for any history', () => {
  it('P1: lies between its bounds, and these between 0 and 100', () => {
    fc.assert(
      fc.property(history, fc.option(someStars), (attempts, stars) => {
        const { low, score: middle, high } = toScore(TYPE, attempts, NOW, stars ?? []);
        const line = [0, low, middle, high, 100].map((point) => point ?? Number.NaN);
        expect(line.every((point, index) => point >= (line[index - 1] ?? 0))).toBe(true);
      }),
      { numRuns: 500 },
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

  it('P5: is the same to the byte in whatever order attempts and stars come', () => {
    const shuffled = <T>(list: T[]) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }));
    fc.assert(
      fc.property(history.chain(shuffled), someStars.chain(shuffled), ([one, other], [stars, otherStars]) => {
        const text = JSON.stringify(toScore(TYPE, one, NOW, stars));
        expect(JSON.stringify(toScore(TYPE, other, NOW, otherStars))).toBe(text);
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
        const inOtherUnit = toScore({ ...TYPE, metrics: TYPE.metrics.map(stretch) }, stretched, NOW);
        expect(inOtherUnit.score).toBeCloseTo(points(attempts), 6);
      }),
    );
  });

  it('P4: cannot be padded: the same answers again within a minute move neither score, nor interval, nor word', () => {
    const alone = fc
      .array(
        anAnswered.filter(({ level }) => level >= TYPE.scoredFrom),
        { minLength: 1, maxLength: 12 },
      )
      .map((attempts) => attempts.map((attempt, nth) => ({ ...attempt, at: NOW - (nth * 7 + 1) * HOUR })));
    fc.assert(
      fc.property(alone, fc.nat({ max: 11 }), fc.integer({ min: 1, max: 20 }), (attempts, nth, times) => {
        const again = attempts[nth % attempts.length];
        if (!again) return;
        const copies = Array.from({ length: times }, (_, copy) => ({ ...again, at: again.at + copy * 2 * SECOND }));
        const [plain, padded] = [score(attempts), score([...attempts, ...copies])];
        expect(padded.confidence).toBe(plain.confidence);
        for (const key of ['low', 'score', 'high'] as const)
          expect(Math.abs(Number(padded[key]) - Number(plain[key]))).toBeLessThan(0.1);
      }),
      { numRuns: 500 },
    );
  });

  it('P7: moves no mark by more than two looks’ share when one attempt changes or comes in, and `answers` by one’s', () => {
    const answers = fc
      .array(
        anAnswered.filter(({ level }) => level >= TYPE.scoredFrom),
        { minLength: 2, maxLength: 20 },
      )
      // Each a look of its own, within days or over years.
      .chain((attempts) =>
        fc
          .constantFrom(HOUR, 31 * 24 * HOUR)
          .map((gap) =>
            attempts.map((attempt, nth) => ({ ...attempt, at: NOW - ((NOW - attempt.at) % (HOUR / 2)) - nth * gap })),
          ),
      );
    const weigh = (metric: Metric, attempts: readonly Attempt[]) =>
      attempts
        .filter(
          (one) => one.reason !== null || metric.id === 'answers' || one.samples.some((s) => s.metric === metric.id),
        )
        .reduce((sum, { at }) => sum + 2 ** ((at - NOW) / HOUR / metric.halfLifeHours), 0);
    const within = (one: readonly Attempt[], other: readonly Attempt[]) =>
      TYPE.metrics.forEach((metric, index) => {
        const [mark, otherMark] = [one, other].map((attempts) => Number(score(attempts).parts[index]?.mark));
        // Only the middle half of the looks counts, twice as much each; of what lies there, no look may move more.
        const looks = metric.id === 'answers' ? 1 : 2;
        const share = looks / (Math.max(weigh(metric, one), weigh(metric, other)) + 1);
        expect(Math.abs(Number(mark) - Number(otherMark))).toBeLessThanOrEqual(share + EPSILON);
      });
    fc.assert(
      fc.property(answers, fc.nat(), (attempts, nth) => {
        const place = nth % attempts.length;
        const without = attempts.filter((_, index) => index !== place);
        within(without, attempts);
        within(without, [...without, failed(NOW - Number(attempts[place]?.at))]);
      }),
      { numRuns: 500 },
    );
  });

  it('P8: never narrows without new data, and ends at 50', () => {
    const later = fc.integer({ min: 0, max: 60 * 24 * HOUR });
    fc.assert(
      fc.property(history, later, later, (attempts, one, other) => {
        const digest = toDigest(TYPE, attempts, NOW);
        const width = (wait: number) => {
          const { low, high } = scoreAt(TYPE, digest, NOW + wait);
          return Number(high) - Number(low);
        };
        expect(width(Math.max(one, other))).toBeGreaterThanOrEqual(width(Math.min(one, other)) - EPSILON);
        const end = scoreAt(TYPE, digest, NOW + 50 * 365 * 24 * HOUR).score;
        expect(end).toBeCloseTo(digest.closed ? 0 : 50, 9);
      }),
      { numRuns: 2000 },
    );
  });

  it('P8: never gains confidence without new data, and is never solid with an interval over 40 points', () => {
    const later = fc.integer({ min: 0, max: 60 * 24 * HOUR });
    const words = ['guess', 'fair', 'solid'];
    fc.assert(
      fc.property(history, later, (attempts, wait) => {
        const digest = toDigest(TYPE, attempts, NOW);
        const [now, then] = [scoreAt(TYPE, digest, NOW), scoreAt(TYPE, digest, NOW + wait)];
        expect(words.indexOf(then.confidence ?? '')).toBeLessThanOrEqual(words.indexOf(now.confidence ?? ''));
        if (now.confidence === 'solid') expect(Number(now.high) - Number(now.low)).toBeLessThanOrEqual(40);
      }),
      { numRuns: 1000 },
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

  it('P10: loses points that sum, with what the stars added, to 100 − score', () => {
    fc.assert(
      fc.property(history, fc.option(someStars), (attempts, stars) => {
        const { parts, score: points, rating } = toScore(TYPE, attempts, NOW, stars ?? []);
        const lost = parts.reduce((sum, part) => sum + part.lost, 0) - (rating?.points ?? 0);
        expect(lost).toBeCloseTo(100 - Number(points), 9);
        expect(Math.min(...parts.map((part) => part.lost))).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  // What other nodes think does not enter the score: the bound is that of the one opinion that does.
  it('P11: is moved by the owner’s stars, however many, by −47.5 % to +7.2 % at most, and neither gated nor reopened', () => {
    fc.assert(
      fc.property(history, someStars, fc.nat(), (attempts, stars, nth) => {
        const [plain, rated] = [score(attempts), toScore(TYPE, attempts, NOW, stars)];
        expect({ ...rated, ...UNMOVED }).toEqual({ ...plain, ...UNMOVED });
        const [before, after] = [Number(plain.score), Number(rated.score)];
        expect(after).toBeGreaterThanOrEqual(before * 0.2 ** 0.4 - EPSILON);
        expect(after).toBeLessThanOrEqual(before * 2 ** 0.1 + EPSILON);
        expect(after > 0).toBe(before > 0);
        const kinder = stars.map((one, index) => (index === nth % stars.length ? { ...one, stars: 5 } : one));
        const kindest = Number(toScore(TYPE, attempts, NOW, kinder).score);
        expect(kindest).toBeGreaterThanOrEqual(after - EPSILON);
      }),
      { numRuns: 500 },
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
});
