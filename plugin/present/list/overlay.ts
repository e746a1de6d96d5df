/** The last days of several providers in one drawing for each figure, a line each, on the same axes. */

import { largest } from '../../lib/extremes.js';
import { DAY_MS } from '../../lib/time.js';
import type { DayRow } from '../../store/index.js';
import type { Words } from '../i18n.js';
import { nice } from '../pictures/axis.js';

/** In the drawing's own units; the page stretches it. */
export const OVERLAY = { width: 600, height: 100 } as const;

const FIGURES = [
  { id: 'score', unit: null, value: ({ score }: DayRow) => score },
  { id: 'answers', unit: 'share', value: ({ attempts, answered }: DayRow) => answered / attempts },
  { id: 'rtt', unit: 'ms', value: ({ rtt }: DayRow) => rtt },
  { id: 'answer', unit: 'ms', value: ({ answer }: DayRow) => answer },
] as const;
type Figure = (typeof FIGURES)[number];

export interface Series {
  readonly name: string;
  /** Oldest first. */
  readonly days: readonly DayRow[];
}

export interface Overlay {
  readonly id: Figure['id'];
  /** Path data by series, in their order; empty where it has no such figure. A day that stands alone is a dot. */
  readonly lines: readonly string[];
  /** At the upper edge; the lower one is 0. */
  readonly top: string;
  /** The newest figure of each series, for those who cannot see the lines. */
  readonly summary: string;
}

/** A drawing for each figure that any of the series has between the two moments (ms since the epoch). */
export function overlays(series: readonly Series[], since: number, until: number, words: Words): Overlay[] {
  return FIGURES.flatMap((figure) => {
    const values = series.flatMap(({ days }) => days.flatMap((day) => figure.value(day) ?? []));
    if (values.length === 0) return [];
    const ceiling = figure.unit === 'ms' ? nice(largest(values, 1)) : figure.unit === 'share' ? 1 : 100;
    const text = (value: number) => (figure.unit ? words.measure(value, figure.unit) : words.number(value));
    const place = (day: DayRow, value: number) => {
      const x = ((Date.parse(day.day) - since) / Math.max(until - since, DAY_MS)) * OVERLAY.width;
      return `${Math.round(x)} ${Math.round((1 - value / ceiling) * OVERLAY.height)}`;
    };
    const newest = series.flatMap(({ name, days }) => {
      const value =
        days
          .toReversed()
          .map(figure.value)
          .find((found) => found !== null) ?? null;
      return value === null ? [] : [`${name} ${text(value)}`];
    });
    const lines = series.map(({ days }) => line(days, figure, place));
    return [{ id: figure.id, lines, top: text(ceiling), summary: newest.join(', ') }];
  });
}

/** Broken where a day has no figure: what was not measured is not drawn. */
function line(days: readonly DayRow[], { value }: Figure, place: (day: DayRow, value: number) => string): string {
  let path = '';
  let last = Number.NEGATIVE_INFINITY;
  for (const day of days) {
    const figure = value(day);
    if (figure === null) continue;
    const at = Date.parse(day.day);
    const isNext = at - last <= DAY_MS;
    path += isNext ? `L${place(day, figure)}` : `M${place(day, figure)}h0`;
    last = at;
  }
  return path;
}
