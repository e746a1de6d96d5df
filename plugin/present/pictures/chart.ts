/** Charts drawn by the server: slots of time become the lines and points of an SVG, each point with its value in words. */
import { largest, smallest } from '../../lib/extremes.js';
import { DAY_MS } from '../../lib/time.js';
import type { Words } from '../i18n.js';
import { ceiling, round, type TimeAxis } from './axis.js';
import type { Slot, Spread } from './slots.js';

/** Edges of the drawing, px from its top; the dates are below. Lines are drawn in a box of that width, which is stretched. */
export const TOP = 8;
export const FLOOR = 136;
export const WIDTH = 1000;

/** `dot`: a try. `node`: on a line, seen when pointed at. `cut`: above the top. `failed`: no answer. `all`…: an answer's bar. */
type Kind = 'dot' | 'node' | 'cut' | 'failed' | 'all' | 'some' | 'none';

export interface Point {
  readonly kind: Kind;
  /** Percent of the width, and px. */
  readonly x: number;
  readonly y: number;
  /** When, and what. */
  readonly text: string;
}

export interface Chart {
  readonly id: 'score' | 'answers' | 'rtt' | 'answer';
  readonly lines: readonly string[];
  /** Between which most tries lay. */
  readonly bands: readonly string[];
  readonly points: readonly Point[];
  /** Figures beside the chart, px from its top. */
  readonly ticks: readonly { readonly y: number; readonly text: string }[];
  readonly summary: string;
}

export interface Series {
  readonly slots: readonly Slot[];
  /** The score is noted once a day. */
  readonly days: readonly Slot[];
  readonly axis: TimeAxis;
  /** What is further apart is not joined, ms. */
  readonly gap: number;
  /** When it was, in words. */
  when(slot: Slot): string;
}

/** What a chart shows of a slot, and how that is written. */
interface Figure {
  readonly id: 'score' | 'rtt' | 'answer';
  value(slot: Slot): Spread | null;
  write(value: number, words: Words): string;
  top(values: readonly number[]): number;
}

interface Value extends Spread {
  readonly slot: Slot;
}

/** ms: a chart of less would show noise. */
const LEAST_TOP = 0.2;
const time = (id: 'rtt' | 'answer'): Figure => ({
  id,
  value: (slot) => slot[id],
  write: (value, words) => words.measure(value, 'ms'),
  top: (values) => ceiling(values, LEAST_TOP),
});
const SCORE: Figure = {
  id: 'score',
  value: ({ score }) => (score === null ? null : { typical: score, low: score, high: score }),
  write: (value, words) => words.number(value),
  top: () => 100,
};

/** The charts of a provider, without figures that nothing has. */
export function toCharts(series: Series, words: Words): Chart[] {
  const { slots, days, axis } = series;
  const scores = days.filter(({ at }) => at >= axis.since);
  return [
    toChart(SCORE, { ...series, slots: scores, gap: 1.5 * DAY_MS, when: ({ at }) => words.shortDay(at) }, words),
    slots.length > 0 ? answersChart(series, words) : null,
    toChart(time('rtt'), series, words),
    toChart(time('answer'), series, words),
  ].filter((chart) => chart !== null);
}

function toChart(figure: Figure, series: Series, words: Words): Chart | null {
  const values = series.slots.flatMap((slot): Value[] => {
    const value = figure.value(slot);
    return value === null ? [] : [{ ...value, slot }];
  });
  if (values.length === 0) return null;
  const top = figure.top(values.flatMap(({ typical, high }) => [typical, high]));
  const y = (value: number) => round(FLOOR - (Math.min(value, top) / top) * (FLOOR - TOP));
  const write = (value: number) => figure.write(value, words);
  const runs = unbrokenRuns(series, values);
  const points = values.map((value) => toPoint(value, series, { top, y, write, alone: isAlone(value, runs) }));
  return {
    id: figure.id,
    lines: runs.filter(isLong).map((run) => run.map((value) => corner(value, 'typical', series, y)).join(' ')),
    bands: runs
      .filter((run) => isLong(run) && run.some(({ low, high }) => low < high))
      .map((run) => band(run, series, y)),
    points: [...points, ...(figure === SCORE ? [] : failures(series, words))].sort((a, b) => a.x - b.x),
    ticks: [top, top / 2, 0].map((value) => ({ y: y(value), text: write(value) })),
    summary: summary(figure, values, write, words),
  };
}

const isLong = (run: readonly Value[]) => run.length > 1;
const isAlone = (value: Value, runs: readonly (readonly Value[])[]) =>
  value.slot.tries === 1 || runs.some((run) => run.length === 1 && run[0] === value);

interface Drawn {
  readonly top: number;
  /** Whether no line passes there, or it is one try. */
  readonly alone: boolean;
  y(value: number): number;
  write(value: number): string;
}

function toPoint({ slot, typical, low, high }: Value, { axis, when }: Series, { top, alone, y, write }: Drawn): Point {
  const spread = low < high ? ` (${write(low)} – ${write(high)})` : '';
  return {
    kind: typical > top ? 'cut' : alone ? 'dot' : 'node',
    x: axis.place(slot.at),
    y: y(typical),
    text: `${when(slot)}: ${write(typical)}${spread}`,
  };
}

/** At the foot of a chart of times: what got no answer. */
function failures({ slots, axis, when }: Series, { t }: Words): Point[] {
  const failed = slots.filter(({ answered }) => answered === 0);
  return failed.map((slot) => ({
    kind: 'failed',
    x: axis.place(slot.at),
    y: FLOOR,
    text: `${when(slot)}: ${told(slot, t)}`,
  }));
}

const told = ({ reason, tries, answered }: Slot, t: Words['t']) =>
  reason === null ? t('row.answers', { count: tries, answered }) : t(`reason.${reason}`);

/** A bar for each slot, as high as the share that was answered; what failed is drawn last, so that it is seen. */
function answersChart({ slots, axis, when }: Series, words: Words): Chart {
  const { t } = words;
  const count = slots.reduce((sum, { tries }) => sum + tries, 0);
  const answered = slots.reduce((sum, slot) => sum + slot.answered, 0);
  const points = slots.map((slot): Point => {
    const share = slot.answered / slot.tries;
    const kind = share === 1 ? 'all' : share === 0 ? 'none' : 'some';
    // A failure has no height: it gets enough of one to be seen.
    const y = round(FLOOR - Math.max(share, 0.2) * (FLOOR - TOP));
    return { kind, x: axis.place(slot.at), y, text: `${when(slot)}: ${told(slot, t)}` };
  });
  return {
    ...{ id: 'answers', lines: [], bands: [], points },
    ticks: [1, 0].map((share) => ({ y: FLOOR - share * (FLOOR - TOP), text: words.measure(share, 'share') })),
    summary: t('row.answers', { count, answered }),
  };
}

/** Values with no gap and no failure between them. */
function unbrokenRuns({ slots, gap }: Series, values: readonly Value[]): Value[][] {
  const runs: Value[][] = [];
  const bySlot = new Map(values.map((value) => [value.slot, value]));
  let previous: Slot | null = null;
  for (const slot of slots) {
    const value = bySlot.get(slot);
    if (value && previous && slot.at - previous.at <= gap) runs.at(-1)?.push(value);
    else if (value) runs.push([value]);
    // An answer that was not timed parts nothing.
    if (value || slot.answered === 0) previous = value ? slot : null;
  }
  return runs;
}

type Scale = (value: number) => number;

const corner = (value: Value, of: keyof Spread, { axis }: Series, y: Scale) =>
  `${round((axis.place(value.slot.at) * WIDTH) / 100)},${y(value[of])}`;

/** Along the upper edge, and back along the lower one. */
function band(run: readonly Value[], series: Series, y: Scale): string {
  const upper = run.map((value) => corner(value, 'high', series, y));
  const lower = run.toReversed().map((value) => corner(value, 'low', series, y));
  return `M${[...upper, ...lower].join('L')}z`;
}

/** The chart in half a sentence. */
function summary({ id }: Figure, values: readonly Value[], write: (value: number) => string, { t }: Words): string {
  const all = values.map(({ typical }) => typical).sort((a, b) => a - b);
  const last = write((values[values.length - 1] as Value).typical);
  const [low, high, typical] = [write(smallest(all)), write(largest(all)), write(all[all.length >> 1] as number)];
  if (low === high) return last;
  return id === 'score' ? t('chart.between', { last, low, high }) : t('chart.typical', { last, typical });
}
