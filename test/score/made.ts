/** Made-up attempts for the tests of the score: by hand, and by fast-check. */
import fc from 'fast-check';
import type { Answered, Attempt, Unanswered } from '../../plugin/model/attempt.js';
import type { Failure, Level } from '../../plugin/model/level.js';
import { FAILURES } from '../../plugin/model/level.js';
import { answers, answerTime, loss, roundTripTime } from '../../plugin/model/metric.js';
import type { Provider } from '../../plugin/model/provider.js';
import type { Score } from '../../plugin/model/score.js';
import { UNTRIED } from '../../plugin/score/index.js';

export const NOW = Date.UTC(2026, 10, 23, 12);
export const SECOND = 1000;
export const HOUR = 3_600_000;

/** A type that is scored from "speaks the protocol" on, and one that is not scored. */
export const TYPE = {
  scoredFrom: 3 as Level,
  metrics: [
    answerTime({ weight: 0.45, useless: 500, excellent: 5 }),
    roundTripTime({ weight: 0.1, useless: 400, excellent: 5 }),
    loss(0.1),
    answers(0.35),
  ],
};
export const UNSCORED_TYPE = { scoredFrom: null, metrics: [] };

/** An answered attempt `age` ms ago with these samples. */
export function answered(age: number, values: Readonly<Record<string, number>>, level: Level = 4): Answered {
  const samples = Object.entries(values).map(([metric, value]) => ({ metric, value, method: 'udp' }));
  return { provider: 'p', type: 't', at: NOW - age, bytes: 300, reason: null, level, samples, facts: {} };
}

/** A failed attempt `age` ms ago. */
export function failed(age: number, reason: Failure = 'timeout', level: Level = 0): Unanswered {
  return { provider: 'p', type: 't', at: NOW - age, bytes: 60, reason, level, detail: null };
}

/** A plain score, as many points wide on either side. */
export function scored(score: number, wide = 5): Score {
  const known = { confidence: 'fair', level: 4, samples: 3, attempts: 3, measuredAt: NOW } as const;
  return { ...UNTRIED, ...known, score, low: Math.max(0, score - wide), high: Math.min(100, score + wide) };
}

/** Own ratings over two years. */
export const someStars = fc.array(
  fc.record({ at: fc.integer({ min: NOW - 730 * 24 * HOUR, max: NOW }), stars: fc.integer({ min: 1, max: 5 }) }),
  { minLength: 1, maxLength: 10 },
);

const age = fc.integer({ min: 0, max: 30 * 24 * HOUR });
const sample = fc.oneof(
  fc.record({ metric: fc.constantFrom('answer', 'rtt'), value: fc.double({ min: 0, max: 1000, noNaN: true }) }),
  fc.record({ metric: fc.constant('loss'), value: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

export const anAnswered: fc.Arbitrary<Answered> = fc
  .record({ age, level: fc.constantFrom<Level>(2, 3, 4, 5), samples: fc.array(sample, { maxLength: 6 }) })
  .map(({ age, level, samples }) => ({
    ...answered(age, {}, level),
    samples: samples.map((one) => ({ ...one, method: 'udp' })),
  }));

export const aFailed: fc.Arbitrary<Unanswered> = fc
  .record({ age, reason: fc.constantFrom(...FAILURES), level: fc.constantFrom<Level>(0, 1, 2) })
  .map(({ age, reason, level }) => failed(age, reason, level));

/** A history whose times also collide and lie within the 30 s of one hiccup. */
export const history: fc.Arbitrary<Attempt[]> = fc.oneof(
  fc.array(fc.oneof(anAnswered, aFailed), { minLength: 1, maxLength: 40 }),
  fc
    .array(fc.tuple(fc.oneof(anAnswered, aFailed), fc.integer({ min: 0, max: 6 })), { minLength: 1, maxLength: 12 })
    .map((list) => list.map(([attempt, step]) => ({ ...attempt, at: NOW - step * 10 * SECOND }))),
);

export function provider(id: string, more: Partial<Provider> = {}): Provider {
  return {
    id,
    type: 't',
    node: id,
    host: id,
    address: '10.0.0.1',
    port: 53,
    description: '',
    community: '',
    txt: new Map(),
    gossip: null,
    sources: ['serf'],
    self: false,
    barred: null,
    stale: false,
    heardAt: NOW,
    ...more,
  };
}
