/** How far a way is by its metric: as a number that orders, and in the words that AREDN's users know. Pure. */
import type { Route } from './contract.js';

/** The cost of a hop without loss, in Babel's measure. */
const HOP = 256;
const FULL_TQ = 255;
/** A gigabit is one. */
const RATE = 1e9;

/** From the best to the worst. */
export const GRADES = ['excellent', 'good', 'fair', 'slow', 'poor', 'improbable'] as const;
export type Grade = (typeof GRADES)[number];

/** Costs up to which a way is excellent, good, fair, slow and poor: AREDN's own, https://github.com/aredn/aredn (mesh.ut). */
const COSTS = [500, 1_000, 2_000, 4_000, 8_000];
/** The same of round-trip times, ms: twenty for a thousand, which is what four hops of radio take. */
const TIMES = COSTS.map((cost) => cost / 50);

/**
 * The cost in Babel's measure, where all metrics of the kind have one; null where the owner's own figures decide.
 */
function cost({ metric, scale }: Pick<Route, 'metric' | 'scale'>): number | null {
  if (metric === null) return null;
  if (scale === 'babel') return metric;
  if (scale === 'etx') return metric * HOP;
  return scale === 'tq' && metric > 0 ? (HOP * FULL_TQ) / metric : null;
}

/**
 * What orders the ways of one daemon, the nearest first: larger is farther. null where nothing tells.
 */
export function distance(route: Pick<Route, 'metric' | 'scale' | 'hops'>): number | null {
  const { metric, scale, hops } = route;
  if (metric === null) return hops === null ? null : hops * HOP;
  if (scale === 'rate') return metric > 0 ? (HOP * RATE) / metric : null;
  return cost(route) ?? metric;
}

/** The way in one word; null for metrics that mean something to their owner only. */
export function grade(route: Pick<Route, 'metric' | 'scale'>): Grade | null {
  const value = cost(route);
  return value === null ? null : gradeBelow(COSTS, value);
}

/** @param rtt measured, ms */
export const timeGrade = (rtt: number): Grade => gradeBelow(TIMES, rtt);

function gradeBelow(limits: readonly number[], value: number): Grade {
  const index = limits.findIndex((limit) => value < limit);
  return GRADES[index < 0 ? limits.length : index] as Grade;
}

/** Whether metric and measured time are two grades apart or more: then one of the two misleads. */
export const differ = (a: Grade, b: Grade) => Math.abs(GRADES.indexOf(a) - GRADES.indexOf(b)) >= 2;
