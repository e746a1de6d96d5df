/** Charts drawn by the server: days become lines of an SVG, and the same figures in words for who cannot see it. */
import { largest, smallest } from '../lib/extremes.js';
import { DAY_MS } from '../lib/time.js';
import { type DayRow, NOTHING } from '../store/index.js';
import type { Words } from './i18n.js';

/** The drawing's own units; it is stretched to the width of the page. */
export const WIDTH = 600;
export const HEIGHT = 100;

/** One line over the days. A day without a figure breaks it: nothing is drawn where nothing was measured. */
export interface Chart {
  readonly id: 'score' | 'rtt' | 'answer' | 'answers';
  /** `x,y x,y …`, one for each unbroken stretch of two days or more. */
  readonly lines: readonly string[];
  /** Days that stand alone, and the newest one. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  /** Figures at the upper and the lower edge, as text. */
  readonly top: string;
  readonly bottom: string;
  /** The chart in one sentence. */
  readonly summary: string;
}

/** One row of the table that says the same. */
export interface DayModel {
  /** YYYY-MM-DD, and as the language writes it. */
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

interface Kind {
  readonly id: Chart['id'];
  readonly unit: string | null;
  /** null where the day has no such figure. */
  value(day: DayRow): number | null;
}

const KINDS: readonly Kind[] = [
  { id: 'score', unit: null, value: ({ score }) => score },
  { id: 'answers', unit: 'share', value: ({ attempts, answered }) => answered / attempts },
  { id: 'rtt', unit: 'ms', value: ({ rtt }) => rtt },
  { id: 'answer', unit: 'ms', value: ({ answer }) => answer },
];

/** The charts of a provider from `since` (ms since the epoch) to `until`; a figure that no day has is left out. */
export function chartsOf(days: readonly DayRow[], since: number, until: number, words: Words): Chart[] {
  return KINDS.flatMap((kind) => {
    const points = days.flatMap((day) => {
      const value = kind.value(day);
      return value === null ? [] : [{ at: Date.parse(day.day), value }];
    });
    return points.length === 0 ? [] : [chartOf(kind, points, since, until, words)];
  });
}

function chartOf({ id, unit }: Kind, points: readonly Point[], since: number, until: number, words: Words): Chart {
  const values = points.map(({ value }) => value);
  const ceiling = unit === 'ms' ? largest(values, 1) : unit === 'share' ? 1 : 100;
  const figure = (value: number) => write(value, unit, words);
  const [low, high] = [figure(smallest(values)), figure(largest(values))];
  const shape = low === high ? 'steady' : 'summary';
  const place = ({ at, value }: Point) => ({
    x: round(((at - since) / (until - since)) * WIDTH),
    y: round((1 - value / ceiling) * HEIGHT),
  });
  const stretches = unbroken(points);
  const newest = points[points.length - 1] as Point;
  const alone = stretches.filter(({ length }) => length === 1).map(([only]) => only as Point);
  return {
    id,
    lines: stretches
      .filter(({ length }) => length > 1)
      .map((stretch) => stretch.map((point) => Object.values(place(point)).join(',')).join(' ')),
    dots: [...new Set([...alone, newest])].map(place),
    top: figure(ceiling),
    bottom: figure(0),
    summary: words.t(unit === 'share' ? `chart.share.${shape}` : `chart.${shape}`, {
      count: points.length,
      days: points.length,
      low,
      high,
      last: figure(newest.value),
      day: words.day(newest.at),
    }),
  };
}

/** A score is a plain number; the rest has a unit. */
const write = (value: number, unit: string | null, words: Words) =>
  unit === null ? words.number(value) : words.measure(value, unit);

const round = (value: number) => Math.round(value * 10) / 10;

/** Points in runs of days that follow each other. */
function unbroken(points: readonly Point[]): Point[][] {
  const runs: Point[][] = [];
  for (const point of points) {
    const run = runs[runs.length - 1];
    const before = run?.[run.length - 1];
    if (run && before && point.at - before.at <= DAY_MS) run.push(point);
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

/** A row's heartbeat bar: one stroke a day, the newest at the right; tall where all was answered, low where nothing was. */
export interface AvailabilityBar {
  /** Days on which anything was tried, and those of them on which everything was answered. */
  readonly days: number;
  readonly good: number;
  /** Path data on a grid of 120 × 14. */
  readonly all: string;
  readonly some: string;
  readonly none: string;
}

const STROKE = 4;
const HEIGHTS = { all: 14, some: 8, none: 4 } as const;

/** A bar stays the same until something is measured: drawn once, not for every page. */
const drawn = new WeakMap<Uint8Array, AvailabilityBar | null>();

/** The bar of the days' shares (see `HistoryStore.bars`); null where nothing was ever tried. */
export function availabilityBar(bar: Uint8Array | undefined): AvailabilityBar | null {
  if (bar === undefined) return null;
  const known = drawn.get(bar);
  if (known !== undefined) return known;
  const paths = draw(bar);
  drawn.set(bar, paths);
  return paths;
}

function draw(bar: Uint8Array): AvailabilityBar | null {
  const paths = { all: '', some: '', none: '' };
  let days = 0;
  let good = 0;
  for (const [index, share] of bar.entries()) {
    if (share === NOTHING) continue;
    const kind = share === 100 ? 'all' : share === 0 ? 'none' : 'some';
    paths[kind] += `M${index * STROKE + 1.5} 14v-${HEIGHTS[kind]}`;
    days += 1;
    if (kind === 'all') good += 1;
  }
  return days === 0 ? null : { days, good, ...paths };
}
