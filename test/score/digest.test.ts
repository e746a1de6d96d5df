/** The digest: what it forgets with time, it forgets exactly; and it is small. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../plugin/model/attempt.js';
import { ANSWERS, type Metric } from '../../plugin/model/metric.js';
import { toCurve } from '../../plugin/score/curve.js';
import { scoreAt, toDigest, toScore, UNTRIED } from '../../plugin/score/index.js';
import { answered, failed, HOUR, history, NOW, TYPE, UNSCORED_TYPE } from './made.js';

const later = fc.integer({ min: 0, max: 20 * 24 * HOUR });

/** Steps 1 to 3 word for word: every attempt weighed by its own age. */
function plainMark(metric: Metric, attempts: readonly Attempt[], now: number): number {
  let [sum, count] = [0.5, 1];
  for (const attempt of attempts) {
    const weight = 2 ** (-Math.max(0, now - attempt.at) / (metric.halfLifeHours * HOUR));
    if (attempt.reason !== null || attempt.level < TYPE.scoredFrom) {
      count += weight;
      continue;
    }
    const marks = attempt.samples.filter((one) => one.metric === metric.id).map((one) => toCurve(metric)(one.value));
    if (metric.id === ANSWERS) marks.push(1);
    if (marks.length === 0) continue;
    sum += (weight * marks.reduce((total, mark) => total + mark, 0)) / marks.length;
    count += weight;
  }
  return sum / count;
}

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
