/** The digest: what it forgets with time, it forgets exactly; and it is small. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { ANSWERS, type Metric } from '../../plugin/model/metric.js';
import { toCurve } from '../../plugin/score/curve.js';
import { scoreAt, toDigest, toScore, UNTRIED } from '../../plugin/score/index.js';
import { answered, failed, HOUR, history, NOW, SECOND, TYPE, UNSCORED_TYPE } from './made.js';

const later = fc.integer({ min: 0, max: 20 * 24 * HOUR });

/** The attempts by look, from the oldest: those within a minute of a look's first. */
function looksOf(attempts: readonly Attempt[]): Attempt[][] {
  const looks: Attempt[][] = [];
  for (const attempt of attempts.toSorted((a, b) => a.at - b.at)) {
    const look = looks.at(-1);
    if (look?.[0] && attempt.at - look[0].at < 60 * SECOND) look.push(attempt);
    else looks.push([attempt]);
  }
  return looks;
}

/** Steps 1 to 3 word for word: every look weighed by the age of the newest attempt that tells of the metric. */
function plainMark(metric: Metric, attempts: readonly Attempt[], now: number): number {
  const looks: { mark: number; weight: number }[] = [];
  for (const look of looksOf(attempts)) {
    const told = look.flatMap((attempt) => {
      if (attempt.reason !== null || attempt.level < TYPE.scoredFrom) return { at: attempt.at, mark: 0 };
      const marks = attempt.samples.filter((one) => one.metric === metric.id).map((one) => toCurve(metric)(one.value));
      if (metric.id === ANSWERS) marks.push(1);
      return marks.length === 0 ? [] : { at: attempt.at, mark: mean(marks) };
    });
    if (told.length === 0) continue;
    const age = now - Math.max(...told.map(({ at }) => at));
    const weight = 2 ** (-Math.max(0, age) / (metric.halfLifeHours * HOUR));
    looks.push({ weight, mark: mean(told.map(({ mark }) => mark)) });
  }
  const total = sum(looks);
  const inner = metric.id === ANSWERS ? looks : withoutWorst(withoutWorst(looks, total / 4, 1), total / 4, -1);
  const typical = inner.reduce((all, { mark, weight }) => all + mark * weight, 0) / (sum(inner) || 1);
  return (0.5 + total * typical) / (1 + total);
}

const sum = (looks: readonly { weight: number }[]) => looks.reduce((all, { weight }) => all + weight, 0);

/** Without so much of the weight of the lowest marks; with a sign of −1, of the highest. */
function withoutWorst(looks: readonly { mark: number; weight: number }[], weight: number, sign: 1 | -1) {
  let left = weight;
  return looks
    .toSorted((a, b) => sign * (a.mark - b.mark))
    .map((look) => {
      const cut = Math.min(left, look.weight);
      left -= cut;
      return { ...look, weight: look.weight - cut };
    });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the digest of the attempts', () => {
  it('gives the same marks as the attempts at any later time', () => {
    fc.assert(
      fc.property(history, later, (attempts, wait) => {
        const { parts, score } = scoreAt(TYPE, toDigest(TYPE, attempts), NOW + wait);
        fc.pre(score !== 0);
        TYPE.metrics.forEach((metric, index) => {
          expect(parts[index]?.mark).toBeCloseTo(plainMark(metric, attempts, NOW + wait), 9);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('counts future attempts as made now, as the attempts do', () => {
    fc.assert(
      fc.property(history, later, (attempts, back) => {
        const { parts, score } = toScore(TYPE, attempts, NOW - back);
        fc.pre(score !== 0);
        TYPE.metrics.forEach((metric, index) => {
          expect(parts[index]?.mark).toBeCloseTo(plainMark(metric, attempts, NOW - back), 9);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('is not changed by reading, and survives serialisation', () => {
    fc.assert(
      fc.property(history, later, (attempts, wait) => {
        const digest = toDigest(TYPE, attempts, NOW);
        const copy = JSON.parse(JSON.stringify(digest));
        expect(scoreAt(TYPE, copy, NOW + wait)).toEqual(scoreAt(TYPE, digest, NOW + wait));
        expect(digest).toEqual(copy);
      }),
    );
  });

  it('grows with the metrics, not with the attempts', () => {
    const one = answered(0, { answer: 12.3456, rtt: 8.2345, loss: 0.01 });
    const attempts = Array.from({ length: 40 }, (_, nth) => ({ ...one, at: NOW - nth * 1_234_567 }));
    expect(JSON.stringify(toDigest(TYPE, attempts)).length).toBeLessThan(1_000);
  });

  it('keeps the gate closed at any time, and holds nothing behind it', () => {
    const digest = toDigest(TYPE, [failed(0, 'refused'), failed(HOUR), answered(2 * HOUR, { answer: 5 })]);
    expect(digest).toMatchObject({ closed: { reason: 'refused' }, tallies: [], facts: {}, path: null, samples: 1 });
    expect(scoreAt(TYPE, digest, NOW + 1000 * HOUR)).toMatchObject({ score: 0, reason: 'refused', measuredAt: NOW });
  });

  it('counts the failures in a row up to the newest attempt, whatever order the attempts come in', () => {
    const attempts = [failed(2 * HOUR), answered(3 * HOUR, {}), failed(HOUR), failed(4 * HOUR)];
    expect(toDigest(TYPE, attempts).failures).toBe(2);
    expect(toDigest(TYPE, [...attempts, answered(0, {})]).failures).toBe(0);
    expect(toScore(TYPE, [failed(0), failed(HOUR), failed(2 * HOUR)], NOW)).toMatchObject({ failures: 3, score: 0 });
    const open = { ...answered(0, {}), level: 2 as const };
    expect(toDigest(TYPE, [failed(HOUR), open])).toMatchObject({ failures: 0, samples: 0 });
  });

  it('is that of an untried provider when there are no attempts', () => {
    expect(scoreAt(TYPE, toDigest(TYPE, []), NOW)).toEqual(UNTRIED);
    expect(scoreAt(UNSCORED_TYPE, toDigest(UNSCORED_TYPE, []), NOW)).toEqual(UNTRIED);
  });
});
