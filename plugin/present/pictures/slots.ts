/** What charts are drawn of: single tries where there are few, else spans of time with what lay between. */
import { DAY_MS, dayOf } from '../../lib/time.js';
import type { Attempt } from '../../model/attempt.js';
import type { Reason } from '../../model/level.js';
import { ANSWER_TIMES } from '../../model/metric.js';
import type { DayRow } from '../../store/index.js';

/** The middle of the values, and between which most of them lay. */
export interface Spread {
  readonly typical: number;
  readonly low: number;
  readonly high: number;
}

/** A try, or all tries of a span of time. */
export interface Slot {
  /** Of the try, or the middle of the span, ms since the epoch. */
  readonly at: number;
  readonly tries: number;
  readonly answered: number;
  /** Why a single try failed. */
  readonly reason: Reason | null;
  readonly score: number | null;
  readonly rtt: Spread | null;
  readonly answer: Spread | null;
}

/** Single tries up to that many; beyond, they would hide each other. */
const MAX_SINGLE = 150;
/** Spans that a longer row of tries is divided into. */
const SPANS = 96;

/** @param attempts in any order */
export function trySlots(attempts: readonly Attempt[], since: number, until: number): Slot[] {
  const tries = attempts.toSorted((a, b) => a.at - b.at);
  if (tries.length <= MAX_SINGLE) return tries.map((attempt) => toSlot(attempt.at, [attempt]));
  const length = (until - since) / SPANS;
  const spans = grouped(tries, ({ at }) => Math.floor((at - since) / length));
  return [...spans].map(([span, within]) => toSlot(since + (span + 0.5) * length, within));
}

/**
 * One for each day. How far its tries lay apart is known while they are stored.
 * @param attempts in any order
 * @param now the day that goes on has its middle no later
 */
export function daySlots(days: readonly DayRow[], attempts: readonly Attempt[], now: number): Slot[] {
  const byDay = grouped(attempts, ({ at }) => dayOf(at));
  return days.map((day) => {
    const start = Date.parse(day.day);
    const tries = byDay.get(start / DAY_MS) ?? [];
    const spread = (typical: number | null, values: readonly number[]) =>
      typical === null ? null : { low: typical, high: typical, ...toSpread(values), typical };
    return {
      ...{ at: Math.min(start + DAY_MS / 2, now), tries: day.attempts, answered: day.answered, reason: null },
      score: day.score,
      rtt: spread(day.rtt, tries.flatMap(rttOf)),
      answer: spread(day.answer, tries.flatMap(answerOf)),
    };
  });
}

function grouped(attempts: readonly Attempt[], key: (attempt: Attempt) => number): Map<number, Attempt[]> {
  const groups = new Map<number, Attempt[]>();
  for (const attempt of attempts) {
    const group = groups.get(key(attempt));
    if (group) group.push(attempt);
    else groups.set(key(attempt), [attempt]);
  }
  return groups;
}

function toSlot(at: number, tries: readonly Attempt[]): Slot {
  const answered = tries.filter(({ reason }) => reason === null).length;
  const reason = tries.length === 1 ? (tries[0]?.reason ?? null) : null;
  const figures = { rtt: toSpread(tries.flatMap(rttOf)), answer: toSpread(tries.flatMap(answerOf)) };
  return { at, tries: tries.length, answered, reason, score: null, ...figures };
}

const middle = (values: readonly number[]): number[] => values.slice(values.length >> 1, (values.length >> 1) + 1);

function valuesOf(attempt: Attempt, metric: string): number[] {
  const found = attempt.reason === null ? attempt.samples.filter((sample) => sample.metric === metric) : [];
  return found.map(({ value }) => value).sort((a, b) => a - b);
}

/** One value a try: it may hold several pings. */
const rttOf = (attempt: Attempt) => middle(valuesOf(attempt, 'rtt'));
const answerOf = (attempt: Attempt) => {
  const times = [...ANSWER_TIMES].map((metric) => valuesOf(attempt, metric));
  return middle(times.find(({ length }) => length > 0) ?? []);
};

/** From the tenth to the ninetieth of a hundred: one slow try makes no wide band. */
function toSpread(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [typical] = middle(sorted);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return typical === undefined ? null : { typical, low: at(0.1), high: at(0.9) };
}
