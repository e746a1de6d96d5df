/** The axes of charts: where a moment and a value are, and the figures beside them. */
import { largest } from '../../lib/extremes.js';
import { DAY_MS, dayOf, HOUR_MS } from '../../lib/time.js';
import type { Words } from '../i18n.js';

/** How far back charts may go, ms. */
export const SPANS = { '24h': DAY_MS, '7d': 7 * DAY_MS, '90d': 90 * DAY_MS } as const;
export type Span = keyof typeof SPANS;

/** A line across the chart, with a text where there is room. */
export interface Tick {
  /** Percent of the width. */
  readonly x: number;
  readonly text: string;
  /** Its text only in a wide chart. */
  readonly minor: boolean;
}

export interface TimeAxis {
  /** ms since the epoch. */
  readonly since: number;
  readonly until: number;
  readonly ticks: readonly Tick[];
  /** Percent of the width. */
  place(at: number): number;
}

export const round = (value: number) => Math.round(value * 100) / 100;

/** @param until ms since the epoch */
export function timeAxis(span: Span, until: number, words: Words): TimeAxis {
  const since = span === '90d' ? dayOf(until - SPANS[span]) * DAY_MS : until - SPANS[span];
  const place = (at: number) => round((100 * (at - since)) / (until - since));
  const ticks = TICKS[span](since, until, words).map(({ at, ...tick }) => ({ ...tick, x: place(at) }));
  return { since, until, ticks: ticks.map(withinRoom), place };
}

/** Percent of the width: a text so near the edge is moved inwards, onto one that is so near. */
const EDGE = 94;
const ROOM = 15;

function withinRoom(tick: Tick, index: number, ticks: readonly Tick[]): Tick {
  const before = ticks.slice(0, index).findLast(({ minor }) => !minor);
  const isHidden = tick.x > EDGE && before !== undefined && tick.x - before.x < ROOM;
  return isHidden ? { ...tick, text: '' } : tick;
}

type TicksOf = (since: number, until: number, words: Words) => (Omit<Tick, 'x'> & { readonly at: number })[];

const TICKS: Readonly<Record<Span, TicksOf>> = {
  // By the clock on the wall of this node.
  '24h': (since, until, { clock }) =>
    steps(since, until, HOUR_MS)
      .filter((at) => new Date(at).getHours() % 6 === 0)
      .map((at) => ({ at, text: clock(at), minor: false })),
  '7d': (since, until, { shortDay }) =>
    steps(since, until, DAY_MS).map((at) => ({ at, text: shortDay(at), minor: dayOf(at) % 2 === 1 })),
  '90d': (since, until, { shortDay }) =>
    steps(since, until, DAY_MS).flatMap((at) => {
      const day = new Date(at).getUTCDate();
      return day === 1 || day === 15 ? [{ at, text: shortDay(at), minor: day === 15 }] : [];
    }),
};

function steps(since: number, until: number, length: number): number[] {
  const first = Math.ceil(since / length);
  return Array.from({ length: Math.floor(until / length) - first + 1 }, (_, step) => (first + step) * length);
}

/** Round figures, so that the half is one too. */
const NICE = [1, 2, 3, 4, 6, 8, 10];

/** The smallest round figure that is not less. */
export function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number(((NICE.find((step) => step * power >= value) ?? 10) * power).toPrecision(1));
}

/** How much higher than nearly all values a chart may be for the sake of a few. */
const PATIENCE = 2;

/** The top of a chart: all values, or the 95th of a hundred where a few would flatten the others. */
export function ceiling(values: readonly number[], least: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const nearly = nice(Math.max(least, sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0));
  const all = nice(largest(values, least));
  return all > PATIENCE * nearly ? nearly : all;
}
