/** Attempts as rows of the table and back. */

import type { Answered, Attempt } from '../model/attempt.js';
import type { Level, Reason } from '../model/level.js';

/** The columns that `decoder` reads, in its order. */
export const COLUMNS = 'at, bytes, level, reason, detail, samples, facts';
export type Row = [
  at: number,
  bytes: number,
  level: Level,
  reason: Reason | null,
  detail: string | null,
  ...json: string[],
];

/** `samples` as [metric, value, method] triples: field names are not worth storing a million times. */
type Triple = [metric: string, value: number, method: string];

/** @throws RangeError for a sample that is not a measurement: a prober's mistake, which must not reach a score. */
export function toRow(attempt: Attempt) {
  const { type, provider, at, bytes, level, reason } = attempt;
  const row = { type, provider, at, bytes, level, reason };
  if (reason !== null) return { ...row, detail: attempt.detail, samples: null, facts: null };
  const triples = attempt.samples.map(({ metric, value, method }): Triple => {
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`${metric} ${value} is not a measurement`);
    return [metric, value, method];
  });
  return { ...row, detail: null, samples: JSON.stringify(triples), facts: JSON.stringify(attempt.facts) };
}

/** Reads the type's rows back. Facts rarely change from one attempt of a provider to the next: equal ones are parsed once. */
export function decoder(type: string): (provider: string, row: Row) => Attempt {
  let text = '{}';
  let facts: Answered['facts'] = {};
  return (provider, [at, bytes, level, reason, detail, samples = '[]', factsText = '{}']) => {
    const attempt = { provider, type, at, bytes, level };
    if (reason !== null) return { ...attempt, reason, detail };
    if (factsText !== text) {
      text = factsText;
      facts = JSON.parse(text);
    }
    const triples: Triple[] = JSON.parse(samples);
    return {
      ...attempt,
      reason,
      samples: triples.map(([metric, value, method]) => ({ metric, value, method })),
      facts,
    };
  };
}
