/** How far the neighbours are: this node in the middle, each of them as far out as its round-trip time says. */
import { hash } from 'node:crypto';
import type { Ranked } from '../../model/ranked.js';
import type { Words } from '../i18n.js';
import { isReachable, providerName, toVerdict, type Verdict, verdictText } from '../row.js';
import { measuredRtt } from '../search.js';

/** What is drawn: a provider, or on the first page a node with all that it offers. */
interface Neighbour {
  readonly name: string;
  /** Of the provider; null for a node. */
  readonly id: string | null;
  readonly verdict: Verdict;
  /** Whose state it is. */
  readonly row: Ranked;
  /** ms; null where nothing answered, or nothing was tried. */
  readonly rtt: number | null;
  /** Told by Serf's coordinates, not measured. */
  readonly isGuess: boolean;
  /** Titles of what it offers. */
  readonly services: readonly string[];
}

/** One that is drawn, with its state in words. */
type Drawn = Neighbour & { readonly state: string };

export interface Dot extends Drawn {
  /** Percent of the square. */
  readonly x: number;
  readonly y: number;
  /** How far, in words. */
  readonly time: string;
  /** Only where there is room for it: the dot, and its name. */
  readonly isRoomy: boolean;
  readonly label: { readonly text: string; readonly anchor: 'start' | 'end'; readonly isRoomy: boolean } | null;
}

/** Neighbours that are drawn at most, and rows of the table. */
const MAX_DOTS = 60;
/** Rings, ms: the first set that reaches nearly everybody. */
const RINGS: readonly (readonly [number, number, number])[] = [
  [1, 2, 5],
  [1, 5, 20],
  [5, 20, 80],
  [20, 80, 320],
  [80, 320, 1280],
];
/** Percent of the square: the innermost dot, and the rings; the last is that of those that did not answer. */
const RADII = [7, 18, 31, 44] as const;
const WITH_SILENT = [7, 15, 26, 36, 46] as const;

type Titled = { readonly title: string; readonly rows: readonly Ranked[] };

/** The providers of one type. */
export function providersAround({ rows, title }: Titled): Neighbour[] {
  return shown(rows).map((row) => ({ ...toNeighbour(row, title), id: row.provider.id }));
}

/** A node once, by its best time and its best state. */
export function nodesAround(types: readonly Titled[]): Neighbour[] {
  const nodes = new Map<string, Neighbour>();
  for (const { title, rows } of types)
    for (const row of shown(rows)) {
      const one = toNeighbour(row, title);
      const known = nodes.get(one.name);
      nodes.set(one.name, known ? joined(known, one) : one);
    }
  return [...nodes.values()];
}

const shown = (rows: readonly Ranked[]) => rows.filter(({ provider, hidden }) => !provider.self && !hidden);

function toNeighbour(row: Ranked, title: string): Neighbour {
  const verdict = toVerdict(row);
  const measured = isReachable(row) ? measuredRtt(row) : null;
  return {
    ...{ name: providerName(row.provider), id: null, verdict, row, services: [title] },
    ...{ rtt: measured ?? row.estimate, isGuess: measured === null && row.estimate !== null },
  };
}

/** The best state first. */
const STATES: readonly Verdict[] = ['good', 'weak', 'unproven', 'unchecked', 'new', 'failed', 'barred'];

function joined(a: Neighbour, b: Neighbour): Neighbour {
  const [better] = [a, b].sort((one, other) => STATES.indexOf(one.verdict) - STATES.indexOf(other.verdict));
  const [nearer] = [a, b].sort(byTime);
  const { rtt, isGuess } = nearer as Neighbour;
  return { ...(better as Neighbour), rtt, isGuess, services: [...new Set([...a.services, ...b.services])] };
}

/** The nearest first, those without a time last; a time that was measured before a guess. */
const byTime = (a: Neighbour, b: Neighbour) =>
  Number(a.isGuess) - Number(b.isGuess) || (a.rtt ?? Infinity) - (b.rtt ?? Infinity) || 0;

export function distanceModel(neighbours: readonly Neighbour[], words: Words) {
  const nearest = neighbours
    .toSorted((a, b) => (a.rtt ?? Infinity) - (b.rtt ?? Infinity) || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_DOTS)
    .map((one): Drawn => ({ ...one, state: verdictText(one.verdict, one.row, words) }));
  const times = nearest.flatMap(({ rtt }) => rtt ?? []);
  const typical = times[Math.ceil(0.95 * times.length) - 1] ?? 0;
  const rings = RINGS.find(([, , outer]) => outer >= typical) ?? (RINGS[RINGS.length - 1] as (typeof RINGS)[number]);
  const isSilent = nearest.some(({ rtt }) => rtt === null);
  const radii: readonly number[] = isSilent ? WITH_SILENT : RADII;
  const orbits = rings.map((ms, at) => ({ r: radii[at + 1] as number, text: words.measure(ms, 'ms') }));
  return {
    rings: orbits,
    silent: isSilent ? WITH_SILENT[4] : null,
    dots: withNames(place(nearest, rings, radii, words), orbits),
    rows: nearest.map((one) => ({ ...one, time: timeText(one, words) })),
    more: neighbours.length - nearest.length,
  };
}

const timeText = ({ rtt, isGuess }: Neighbour, words: Words) =>
  rtt === null ? '' : `${isGuess ? '≈ ' : ''}${words.measure(rtt, 'ms')}`;

/** Percent of the square: ratios of times are lengths. */
function radius(rtt: number | null, rings: readonly number[], radii: readonly number[]): number {
  if (rtt === null) return WITH_SILENT[4];
  const stops = [(rings[0] as number) / 4, ...rings];
  const at = Math.min(
    stops.findIndex((stop) => stop >= rtt),
    stops.length - 1,
  );
  if (at === 0) return radii[0] as number;
  if (at < 0) return (radii[3] as number) + 3;
  const [low, high] = [stops[at - 1] as number, stops[at] as number];
  const share = Math.log(rtt / low) / Math.log(high / low);
  return (radii[at - 1] as number) + share * ((radii[at] as number) - (radii[at - 1] as number));
}

/** Sides of the square in a wide page and in a phone's, px; and how far apart the middles of two dots are at least. */
const WIDE = 560;
const NARROW = 264;
const APART = 26;
const TURNS = 90;

/** Percent of the square: above the middle stand the times of the rings. */
const isText = ({ x, y }: Place) => y < 50 && Math.abs(x - 50) < 9;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Each in the direction of its name, or as near to that as there is room; so hardly anybody moves because another comes. */
function place(all: readonly Drawn[], rings: readonly number[], radii: readonly number[], words: Words): Dot[] {
  const placed: Dot[] = [];
  for (const one of all) {
    const spot = freePlace(one, radius(one.rtt, rings, radii), placed);
    if (spot) placed.push({ ...one, ...spot, time: timeText(one, words), label: null });
  }
  return placed;
}

/** Where there is room at both sizes, or else where there is at the wide one. */
function freePlace(one: Neighbour, r: number, others: readonly Place[]): (Place & { isRoomy: boolean }) | null {
  let wide: Place | null = null;
  for (const spot of directions(one, r)) {
    if (isText(spot)) continue;
    const gap = gapSquared(spot, others);
    if (gap >= APART_SQUARED.narrow) return { ...spot, isRoomy: false };
    if (gap >= APART_SQUARED.wide) wide ??= spot;
  }
  return wide && { ...wide, isRoomy: true };
}

/** The places at that distance, the own direction first. */
function* directions({ id, name }: Neighbour, r: number): Generator<Place> {
  const start = (Number.parseInt(hash('sha256', id ?? name).slice(0, 6), 16) / 0x1000000) * 2 * Math.PI;
  for (let turn = 0; turn < TURNS; turn++) {
    const angle = start + (turn % 2 === 0 ? 1 : -1) * Math.ceil(turn / 2) * ((2 * Math.PI) / TURNS);
    yield { x: round(50 + r * Math.cos(angle)), y: round(50 + r * Math.sin(angle)) };
  }
}

/** Squares of percent of the square: every place is held against every dot, and a root of each takes long on a small node. */
const APART_SQUARED = { narrow: ((100 * APART) / NARROW) ** 2, wide: ((100 * APART) / WIDE) ** 2 };

/** To the nearest of them. */
function gapSquared({ x, y }: Place, others: readonly Place[]): number {
  let gap = Infinity;
  for (const other of others) gap = Math.min(gap, (other.x - x) ** 2 + (other.y - y) ** 2);
  return gap;
}

const round = (value: number) => Math.round(value * 10) / 10;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
const MAX_NAME = 18;
/** px: of a letter at most on average, of half a line, and from the middle of a dot to its name. */
const LETTER = 7;
const HALF_LINE = 8;
const BESIDE = 11;
/** Half of a ring's time. */
const TIME = 24;

/** Names that lie on no other name and no dot, at each of the two sizes. */
function withNames(dots: readonly Dot[], rings: readonly { readonly r: number }[]): Dot[] {
  const times = rings.map(({ r }) => ({ x: 50, y: 50 - r - 1 }));
  const boxes = (size: number, shown: readonly { x: number; y: number }[]) =>
    [{ x: 50, y: 50 }, ...shown].map((one) => boxOf(one, size)).concat(times.map((one) => boxOf(one, size, TIME)));
  const wide = boxes(WIDE, dots);
  const narrow = boxes(
    NARROW,
    dots.filter(({ isRoomy }) => !isRoomy),
  );
  return dots.map((dot) => {
    const text = shortened(dot.name);
    const sides = dot.x >= 50 ? (['start', 'end'] as const) : (['end', 'start'] as const);
    const anchor = sides.find((side) => takes(wide, nameBox(dot, text, side, WIDE), WIDE));
    if (anchor === undefined) return dot;
    const isRoomy = dot.isRoomy || !takes(narrow, nameBox(dot, text, anchor, NARROW), NARROW);
    return { ...dot, label: { text, anchor, isRoomy } };
  });
}

const boxOf = ({ x, y }: { x: number; y: number }, size: number, half = HALF_LINE): Box => {
  const [cx, cy] = [(x / 100) * size, (y / 100) * size];
  return { left: cx - half, right: cx + half, top: cy - HALF_LINE, bottom: cy + HALF_LINE };
};

function nameBox(dot: Dot, text: string, side: 'start' | 'end', size: number): Box {
  const { left, right, ...height } = boxOf(dot, size);
  const middle = (left + right) / 2;
  const width = text.length * LETTER;
  return side === 'start'
    ? { left: middle + BESIDE, right: middle + BESIDE + width, ...height }
    : { left: middle - BESIDE - width, right: middle - BESIDE, ...height };
}

/** Takes the room, where it is free and within the square. */
function takes(boxes: Box[], box: Box, size: number): boolean {
  const isFree = boxes.every(
    ({ left, right, top, bottom }) => box.left >= right || box.right <= left || box.top >= bottom || box.bottom <= top,
  );
  const fits = isFree && box.left >= 0 && box.right <= size;
  if (fits) boxes.push(box);
  return fits;
}

/** By what a reader sees as one character: half of one is no text. */
const CHARACTERS = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function shortened(name: string): string {
  if (name.length <= MAX_NAME) return name;
  const characters = [...CHARACTERS.segment(name)].map(({ segment }) => segment);
  return characters.length <= MAX_NAME ? name : `${characters.slice(0, MAX_NAME - 1).join('')}…`;
}
