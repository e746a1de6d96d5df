/** Charts drawn by the server: days become lines of an SVG, and the same figures in words for those who cannot see it. */
import { largest, smallest } from '../lib/extremes.js';
import { DAY_MS } from '../lib/time.js';
import { type DayRow, NOT_TRIED } from '../store/index.js';
import type { Words } from './i18n.js';

/** In the drawing's own units; the page stretches it. */
export const WIDTH = 600;
export const HEIGHT = 100;

/** A line over the days, broken where a day has no figure: what was not measured is not drawn. */
export interface Chart {
  readonly id: 'score' | 'rtt' | 'answer' | 'answers';
  /** `x,y x,y …`, for each unbroken run of two days or more. */
  readonly lines: readonly string[];
  /** Days without neighbours, and the newest day. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  /** Figures at the upper and the lower edge, as text. */
  readonly top: string;
  readonly bottom: string;
  /** The chart in one sentence. */
  readonly summary: string;
}

/** A row of the table with the same figures. */
export interface DayModel {
  /** YYYY-MM-DD, and as the language writes dates. */
  readonly day: string;
  readonly text: string;
  readonly score: string | null;
  readonly rtt: string | null;
  readonly answer: string | null;
  readonly answers: string;
}

interface Point {
  readonly at: number;
  readonly value: number;
}

interface Figure {
  readonly id: Chart['id'];
  readonly unit: string | null;
  /** null where the day has no such figure. */
  value(day: DayRow): number | null;
}

const FIGURES: readonly Figure[] = [
  { id: 'score', unit: null, value: ({ score }) => score },
  { id: 'answers', unit: 'share', value: ({ attempts, answered }) => answered / attempts },
  { id: 'rtt', unit: 'ms', value: ({ rtt }) => rtt },
  { id: 'answer', unit: 'ms', value: ({ answer }) => answer },
];

/** The charts of a provider between two moments (ms since the epoch), without figures that no day has. */
export function toCharts(days: readonly DayRow[], since: number, until: number, words: Words): Chart[] {
  return FIGURES.flatMap((figure) => {
    const points = days.flatMap((day) => {
      const value = figure.value(day);
      return value === null ? [] : [{ at: Date.parse(day.day), value }];
    });
    return points.length === 0 ? [] : [toChart(figure, points, since, until, words)];
  });
}

function toChart({ id, unit }: Figure, points: readonly Point[], since: number, until: number, words: Words): Chart {
  const values = points.map(({ value }) => value);
  const ceiling = unit === 'ms' ? largest(values, 1) : unit === 'share' ? 1 : 100;
  const text = (value: number) => write(value, unit, words);
  const [low, high] = [text(smallest(values)), text(largest(values))];
  const shape = low === high ? 'steady' : 'summary';
  const place = ({ at, value }: Point) => ({
    x: round(((at - since) / (until - since)) * WIDTH),
    y: round((1 - value / ceiling) * HEIGHT),
  });
  const runs = unbrokenRuns(points);
  const newest = points[points.length - 1] as Point;
  const single = runs.filter(({ length }) => length === 1).map(([only]) => only as Point);
  return {
    id,
    lines: runs
      .filter(({ length }) => length > 1)
      .map((run) => run.map((point) => Object.values(place(point)).join(',')).join(' ')),
    dots: [...new Set([...single, newest])].map(place),
    top: text(ceiling),
    bottom: text(0),
    summary: words.t(unit === 'share' ? `chart.share.${shape}` : `chart.${shape}`, {
      count: points.length,
      days: points.length,
      low,
      high,
      last: text(newest.value),
      day: words.day(newest.at),
    }),
  };
}

/** A score is a plain number; everything else has a unit. */
const write = (value: number, unit: string | null, words: Words) =>
  unit === null ? words.number(value) : words.measure(value, unit);

const round = (value: number) => Math.round(value * 10) / 10;

/** Runs of consecutive days. */
function unbrokenRuns(points: readonly Point[]): Point[][] {
  const runs: Point[][] = [];
  for (const point of points) {
    const run = runs[runs.length - 1];
    const previous = run?.[run.length - 1];
    if (run && previous && point.at - previous.at <= DAY_MS) run.push(point);
    else runs.push([point]);
  }
  return runs;
}

/** The days as rows of a table, newest first. */
export function dayModels(days: readonly DayRow[], words: Words): DayModel[] {
  const measure = (value: number | null, unit: string | null) => (value === null ? null : write(value, unit, words));
  return days.toReversed().map((day) => ({
    day: day.day,
    text: words.day(Date.parse(day.day)),
    score: measure(day.score, null),
    rtt: measure(day.rtt, 'ms'),
    answer: measure(day.answer, 'ms'),
    answers: words.t('row.answers', { count: day.attempts, answered: day.answered }),
  }));
}

/** A row's bar: one stroke a day, the newest at the right; tall where everything was answered, low where nothing was. */
export interface AvailabilityBar {
  /** Days with attempts, and days on which all of them were answered. */
  readonly days: number;
  readonly good: number;
  /** Path data on a grid of 120 × 14. */
  readonly all: string;
  readonly some: string;
  readonly none: string;
}

const STROKE = 4;
const HEIGHTS = { all: 14, some: 8, none: 4 } as const;

/** A bar changes only with a measurement: it is drawn once, not for every page. */
const cache = new WeakMap<Uint8Array, AvailabilityBar | null>();

/** @param bar the share that was answered, by day (see `HistoryStore.bars`). @returns null where nothing was tried */
export function availabilityBar(bar: Uint8Array | undefined): AvailabilityBar | null {
  if (bar === undefined) return null;
  const cached = cache.get(bar);
  if (cached !== undefined) return cached;
  const paths = draw(bar);
  cache.set(bar, paths);
  return paths;
}

function draw(bar: Uint8Array): AvailabilityBar | null {
  const paths = { all: '', some: '', none: '' };
  let days = 0;
  let good = 0;
  for (const [index, share] of bar.entries()) {
    if (share === NOT_TRIED) continue;
    const kind = share === 100 ? 'all' : share === 0 ? 'none' : 'some';
    paths[kind] += `M${index * STROKE + 1.5} 14v-${HEIGHTS[kind]}`;
    days += 1;
    if (kind === 'all') good += 1;
  }
  return days === 0 ? null : { days, good, ...paths };
}
