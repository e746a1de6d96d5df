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
  /** Whether it, or anything of the node, is recommended: it is drawn and named before the others. */
  readonly recommended: boolean;
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
  /** Only where the square is wide is there room for it. */
  readonly isRoomy: boolean;
  /** Its name in a wide square, and in a narrow one; null where there is no room for it. */
  readonly label: Label | null;
  readonly narrow: Label | null;
}

interface Label {
  readonly text: string;
  readonly anchor: 'start' | 'end' | 'middle';
  /** From the middle of the dot, px. */
  readonly dx: number;
  readonly dy: number;
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
    recommended: row.recommended,
    ...{ rtt: measured ?? row.estimate, isGuess: measured === null && row.estimate !== null },
  };
}

/** The best state first. */
const STATES: readonly Verdict[] = ['good', 'weak', 'unproven', 'unchecked', 'new', 'failed', 'barred'];

function joined(a: Neighbour, b: Neighbour): Neighbour {
  const [better] = [a, b].sort((one, other) => STATES.indexOf(one.verdict) - STATES.indexOf(other.verdict));
  const [nearer] = [a, b].sort(byTime);
  const { rtt, isGuess } = nearer as Neighbour;
  const recommended = a.recommended || b.recommended;
  return {
    ...(better as Neighbour),
    recommended,
    rtt,
    isGuess,
    services: [...new Set([...a.services, ...b.services])],
  };
}

/** The nearest first, those without a time last; a time that was measured before a guess. */
const byTime = (a: Neighbour, b: Neighbour) =>
  Number(a.isGuess) - Number(b.isGuess) || (a.rtt ?? Infinity) - (b.rtt ?? Infinity) || 0;

export function distanceModel(neighbours: readonly Neighbour[], words: Words) {
  const byDistance = (a: Neighbour, b: Neighbour) =>
    (a.rtt ?? Infinity) - (b.rtt ?? Infinity) || (a.name < b.name ? -1 : 1);
  const nearest = neighbours
    .toSorted((a, b) => firstRecommended(a, b) || byDistance(a, b))
    .slice(0, MAX_DOTS)
    .toSorted(byDistance)
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
    dots: withNames(place(nearest.toSorted(firstRecommended), rings, radii, words), orbits),
    rows: nearest.map((one) => ({ ...one, time: timeText(one, words) })),
    more: neighbours.length - nearest.length,
  };
}

const firstRecommended = (a: Neighbour, b: Neighbour) => Number(b.recommended) - Number(a.recommended);

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

type Named = Place & Pick<Neighbour, 'name'>;

interface Spot extends Place {
  readonly isRoomy: boolean;
}

/** Drawings of which it is known where the dots stand: those of a node's types, for the owner and for others. */
const MAX_KEPT = 32;
const kept = new Map<string, readonly (Spot | null)[]>();

function place(all: readonly Drawn[], rings: readonly number[], radii: readonly number[], words: Words): Dot[] {
  // A page is drawn again and again while all of this stays the same, and to find the places takes longer than the rest.
  const key = JSON.stringify([rings, radii, all.map(({ id, name, rtt, recommended }) => [id, name, rtt, recommended])]);
  const spots = kept.get(key) ?? findSpots(all, rings, radii);
  kept.delete(key);
  kept.set(key, spots);
  for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
  return all.flatMap((one, at) => {
    const spot = spots[at];
    return spot ? [{ ...one, ...spot, time: timeText(one, words), label: null, narrow: null }] : [];
  });
}

/**
 * Each in the direction of its name, or as near to that as there is room; so hardly anybody moves because another comes. Of
 * a recommended one the name has its room, too, in a narrow square. null where there is no room.
 */
function findSpots(all: readonly Neighbour[], rings: readonly number[], radii: readonly number[]): (Spot | null)[] {
  const placed: Spot[] = [];
  const reserved: Box[] = [];
  return all.map((one) => {
    const spot = freePlace(one, radius(one.rtt, rings, radii), placed, reserved);
    if (!spot) return null;
    placed.push(spot);
    if (one.recommended && !spot.isRoomy)
      reserveName({ ...spot, name: one.name }, reserved, fixtures(radii.slice(1, 4), NARROW));
    return spot;
  });
}

/** Where there is room at both sizes, or else where there is at the wide one. */
function freePlace(one: Neighbour, r: number, others: readonly Place[], reserved: readonly Box[]): Spot | null {
  let wide: Place | null = null;
  for (const spot of directions(one, r)) {
    if (isText(spot)) continue;
    const gap = gapSquared(spot, others);
    if (gap >= APART_SQUARED.narrow && isClear(reserved, boxOf(spot, NARROW))) return { ...spot, isRoomy: false };
    if (gap >= APART_SQUARED.wide) wide ??= spot;
  }
  return wide && { ...wide, isRoomy: true };
}

function reserveName(dot: Named, reserved: Box[], fixed: readonly Box[]): void {
  const names = choices(dot, MAX_NARROW_NAME).map((label) => nameBox(dot, label, NARROW));
  const box = names.find((name) => isWithin(name, NARROW) && isClear(reserved, name) && isClear(fixed, name));
  if (box) reserved.push(box);
}

/** This node, and the times of the rings with these radii. */
const fixtures = (radii: readonly number[], size: number): Box[] => [
  boxOf({ x: 50, y: 50 }, size),
  ...radii.map((r) => boxOf({ x: 50, y: 50 - r - 1 }, size, TIME)),
];

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
/** Characters. */
const MAX_NAME = 18;
const MAX_NARROW_NAME = 13;
/** Where more does not fit. */
const SHORT_NAME = 8;
/** px: of a letter at most on average, of half a line, and from the middle of a dot to its name. */
const LETTER = 7;
const HALF_LINE = 8;
const BESIDE = 11;
/** px: from the middle of a dot to the base line of a name under or above it. */
const UNDER = 20;
const ABOVE = -12;
/** px: from that line to the middle of the letters. */
const MIDDLE = 4;
/** Half of a ring's time. */
const TIME = 24;

/** Names that lie on no other name and no dot, at each of the two sizes. */
function withNames(dots: readonly Dot[], rings: readonly { readonly r: number }[]): Dot[] {
  const wide = labels(dots, rings, WIDE, MAX_NAME);
  const visible = dots.filter(({ isRoomy }) => !isRoomy);
  const narrow = labels(visible, rings, NARROW, MAX_NARROW_NAME);
  return dots.map((dot) => ({ ...dot, label: wide.get(dot) ?? null, narrow: narrow.get(dot) ?? null }));
}

/** The first ones have the choice. */
function labels(dots: readonly Dot[], rings: readonly { readonly r: number }[], size: number, longest: number) {
  const radii = rings.map(({ r }) => r);
  const boxes = [...fixtures(radii, size), ...dots.map((one) => boxOf(one, size))];
  const found = new Map<Dot, Label>();
  for (const dot of dots) {
    const label = choices(dot, longest).find((one) => takes(boxes, nameBox(dot, one, size), size));
    if (label) found.set(dot, label);
  }
  return found;
}

/** The whole name before a short one. */
function choices(dot: Named, longest: number): Label[] {
  const texts = [...new Set([longest, SHORT_NAME].map((length) => shortened(dot.name, length)))];
  return texts.flatMap((text) => positions(dot, text));
}

/** Away from the middle rather than towards it, else under the dot or above it. */
function positions({ x }: Place, text: string): Label[] {
  const right: Label = { text, anchor: 'start', dx: BESIDE, dy: MIDDLE };
  const left: Label = { text, anchor: 'end', dx: -BESIDE, dy: MIDDLE };
  const beside = x >= 50 ? [right, left] : [left, right];
  return [...beside, { text, anchor: 'middle', dx: 0, dy: UNDER }, { text, anchor: 'middle', dx: 0, dy: ABOVE }];
}

const boxOf = ({ x, y }: { x: number; y: number }, size: number, half = HALF_LINE): Box => {
  const [cx, cy] = [(x / 100) * size, (y / 100) * size];
  return { left: cx - half, right: cx + half, top: cy - HALF_LINE, bottom: cy + HALF_LINE };
};

function nameBox({ x, y }: Place, { text, anchor, dx, dy }: Label, size: number): Box {
  const [start, middle] = [(x / 100) * size + dx, (y / 100) * size + dy - MIDDLE];
  const width = text.length * LETTER;
  const left = start - { start: 0, middle: width / 2, end: width }[anchor];
  return { left, right: left + width, top: middle - HALF_LINE, bottom: middle + HALF_LINE };
}

const isClear = (boxes: readonly Box[], box: Box) =>
  boxes.every(
    ({ left, right, top, bottom }) => box.left >= right || box.right <= left || box.top >= bottom || box.bottom <= top,
  );

const isWithin = ({ left, right, top, bottom }: Box, size: number) =>
  left >= 0 && right <= size && top >= 0 && bottom <= size;

/** Takes the room, where it is free and within the square. */
function takes(boxes: Box[], box: Box, size: number): boolean {
  const fits = isClear(boxes, box) && isWithin(box, size);
  if (fits) boxes.push(box);
  return fits;
}

/** By what a reader sees as one character: half of one is no text. */
const CHARACTERS = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function shortened(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const characters = [...CHARACTERS.segment(name)].map(({ segment }) => segment);
  return characters.length <= longest ? name : `${characters.slice(0, longest - 1).join('')}…`;
}
