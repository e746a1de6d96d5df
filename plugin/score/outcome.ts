/** Attempts as the score reads them: in one order, each a success or a failure with its reason. */

import type { Answered, Attempt } from '../model/attempt.js';
import type { Level, Reason } from '../model/level.js';

export interface Outcome {
  readonly attempt: Attempt;
  /** The answer that proved the service; null for a failure and for an answer below the level that proves it. */
  readonly answer: Answered | null;
}

/** Why the gate is closed. */
export interface Closed {
  readonly level: Level;
  readonly reason: Reason;
  readonly detail: string | null;
  /** Of an answer that proved too little: what it said all the same. */
  readonly facts: Readonly<Record<string, string>>;
}

/** Two failures nearer than this may be one hiccup: they count as one. */
const APART_MS = 30_000;

/** Something else answers, or the service declines this node: no second look is needed. */
const AT_ONCE: ReadonlySet<Reason> = new Set<Reason>(['wrong-protocol', 'wrong-identity', 'refuses-me']);

/**
 * The attempts as outcomes, newest first, whatever order they come in. In the same millisecond a success counts as the
 * newer: otherwise turning it into a failure could bring a milder failure to the front and reopen the gate.
 */
export function toOutcomes(attempts: readonly Attempt[], provenFrom: Level): Outcome[] {
  return attempts
    .map((attempt) => ({
      attempt,
      answer: attempt.reason === null && attempt.level >= provenFrom ? attempt : null,
    }))
    .sort((a, b) => b.attempt.at - a.attempt.at || compareTied(a, b));
}

/** Any total order will do, as long as it reads nothing but the attempts themselves. */
function compareTied(a: Outcome, b: Outcome): number {
  const [one, other] = [a, b].map(({ answer, attempt }) => `${answer ? 0 : 1}${JSON.stringify(attempt)}`);
  return one === other || one === undefined || other === undefined ? 0 : one < other ? -1 : 1;
}

/**
 * Step 6 of the score: whether the provider is out although something may have been measured earlier. It is out while it
 * never answered, after two failures in a row at least 30 s apart, and at once when something else answers in its place.
 * One success reopens. `outcomes` newest first; null = the gate is open.
 */
export function closedBy(outcomes: readonly Outcome[]): Closed | null {
  const newest = outcomes[0];
  if (newest === undefined || newest.answer !== null) return null;
  const success = outcomes.findIndex(({ answer }) => answer !== null);
  const oldestOfRun = outcomes.at(success === -1 ? -1 : success - 1) ?? newest;
  const failure = toClosed(newest.attempt);
  const closed =
    success === -1 || newest.attempt.at - oldestOfRun.attempt.at >= APART_MS || AT_ONCE.has(failure.reason);
  return closed ? failure : null;
}

/** An answer below the proving level failed nothing; what there is to say is that it proved nothing. */
function toClosed(attempt: Attempt): Closed {
  return attempt.reason === null
    ? { level: attempt.level, reason: 'not-checked', detail: null, facts: attempt.facts }
    : { level: attempt.level, reason: attempt.reason, detail: attempt.detail, facts: {} };
}
