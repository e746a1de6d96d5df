/**
 * What neighbours' experience is worth here: pure. It may order what was never tried here, and say what to look at; it is no
 * part of any score. A voice counts as far as it agreed on what both have measured: one that lies adds nothing, and nobody
 * is believed to mean the opposite of what they say.
 */
import { HOUR_MS } from '../lib/time.js';
import type { Ranked } from '../model/ranked.js';
import { MAX_AGE_HOURS, type OpinionRow } from './document.js';
import { network } from './peers.js';

/** What one panel said last. */
export interface Voice {
  readonly node: string;
  readonly address: string;
  readonly key: string;
  /** Since when it is known, ms since the epoch. */
  readonly since: number;
  /** When it said so, by its own clock, s since the epoch. */
  readonly at: number;
  /** Time to connect to it, ms. */
  readonly rtt: number;
  readonly rows: readonly OpinionRow[];
}

/** How one neighbour fares with a provider. */
export interface Experience extends Omit<OpinionRow, 'provider' | 'type'> {
  /** Name of the neighbour. */
  readonly node: string;
}

export interface Hearsay {
  /** By provider; neighbours by name. */
  readonly experiences: ReadonlyMap<string, readonly Experience[]>;
  /** By provider, what may be expected of it where nothing was measured here: 0..1, ½ where nothing is known. */
  readonly expected: ReadonlyMap<string, number>;
  /** By public key, 0..1; null where too little is known in common. */
  readonly trust: ReadonlyMap<string, number | null>;
}

export const NO_HEARSAY: Hearsay = { experiences: new Map(), expected: new Map(), trust: new Map() };

/** All voices together weigh at most as much as so many looks of one's own. */
const MAX_WEIGHT = 2;
const VOICE_WEIGHT = 0.25;
/** A neighbour this far away fares much like oneself, ms; its weight falls by e with each such step. */
const NEAR_MS = 20;
/** Mean difference of two marks (0..1) from which on a voice is worth nothing, and below which it loses nothing. */
const WORTHLESS = 0.35;
const AGREEING = 0.15;
/**
 * Below so many providers in common, it is not known whether a voice agrees: it may start a look, which decides, and orders
 * nothing. Who has measured nothing cannot tell a neighbour from a clique.
 */
const MIN_COMMON = 5;
/** The imaginary look that every provider begins with: half a mark. */
const PRIOR = 0.5;

interface Terms {
  /** What was measured here. */
  readonly own: readonly OpinionRow[];
  /** Whose provider it is; null where nobody here knows it. */
  readonly owner: (provider: string) => { readonly node: string; readonly address: string } | null;
}

/** The order of the voices does not matter. */
export function weigh(voices: readonly Voice[], { own, owner }: Terms): Hearsay {
  const marks = new Map(own.map(({ provider, mark }) => [provider, mark]));
  const heard = distinct(voices).map((voice) => ({ voice, trust: trustIn(voice, marks) }));
  const experiences = new Map<string, Experience[]>();
  const sums = new Map<string, { weight: number; marks: number }>();
  for (const { voice, trust } of heard) {
    for (const { provider, type: _, ...row } of voice.rows) {
      const runBy = owner(provider);
      // Praise of oneself.
      if (runBy === null || runBy.node === voice.node || runBy.address === voice.address) continue;
      push(experiences, provider, { node: voice.node, ...row });
      if (row.mark === null || trust === null || trust === 0) continue;
      const weight = VOICE_WEIGHT * Math.exp(-voice.rtt / NEAR_MS) * trust;
      const sum = sums.get(provider) ?? { weight: 0, marks: 0 };
      sums.set(provider, { weight: sum.weight + weight, marks: sum.marks + (weight * row.mark) / 100 });
    }
  }
  const expected = new Map([...sums].map(([provider, sum]) => [provider, expect(sum)]));
  for (const list of experiences.values()) list.sort((a, b) => (a.node < b.node ? -1 : 1));
  return { experiences, expected, trust: new Map(heard.map(({ voice, trust }) => [voice.key, trust])) };
}

function expect({ weight, marks }: { readonly weight: number; readonly marks: number }): number {
  if (weight === 0) return PRIOR;
  const capped = Math.min(weight, MAX_WEIGHT);
  return ((capped * marks) / weight + PRIOR) / (capped + 1);
}

/** One of each key, the newest that it said; and one of each network, the one that is known for longest. */
function distinct(voices: readonly Voice[]): readonly Voice[] {
  const byKey = first(
    voices.toSorted((a, b) => b.at - a.at || compareTied(a, b)),
    ({ key }) => key,
  );
  const oldest = byKey.toSorted((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1));
  return first(oldest, ({ address }) => network(address));
}

/** Any order will do that reads nothing but the voices themselves. */
function compareTied(a: Voice, b: Voice): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  return one === other ? 0 : one < other ? -1 : 1;
}

function first<T>(list: readonly T[], by: (value: T) => string): readonly T[] {
  const found = new Map<string, T>();
  for (const value of list) if (!found.has(by(value))) found.set(by(value), value);
  return [...found.values()];
}

function trustIn({ rows }: Voice, own: ReadonlyMap<string, number | null>): number | null {
  const differences = rows.flatMap(({ provider, mark }) => {
    const mine = own.get(provider);
    return mine == null || mark === null ? [] : [Math.abs(mine - mark) / 100];
  });
  if (differences.length < MIN_COMMON) return null;
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
  return Math.min(1, Math.max(0, (WORTHLESS - mean) / (WORTHLESS - AGREEING)));
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** The rows as they are after some time: older, and without those that are too old. @param elapsed ms */
export function aged(rows: readonly OpinionRow[], elapsed: number): readonly OpinionRow[] {
  const hours = Math.max(0, Math.floor(elapsed / HOUR_MS));
  return rows
    .map((row) => ({ ...row, ageHours: row.ageHours + hours }))
    .filter(({ ageHours }) => ageHours <= MAX_AGE_HOURS);
}

/** Points that a mark has to lose between two documents of one neighbour to be worth a look. */
const MUCH_WORSE = 25;

/** What was recommended here when the document came. */
interface Standing {
  /** ms since the epoch; null = never. */
  readonly measuredAt: number | null;
}

/**
 * The rows about recommended providers that are worth a look of one's own: they failed the neighbour's newest look, or it
 * finds them much worse than before; and it looked later than this node did.
 * @param before the rows of its last document
 * @param recommended by provider
 * @param now ms since the epoch
 */
export function reports(
  rows: readonly OpinionRow[],
  before: readonly OpinionRow[],
  recommended: ReadonlyMap<string, Standing>,
  now: number,
): readonly OpinionRow[] {
  const earlier = new Map(before.map((row) => [row.provider, row]));
  return rows.filter((row) => {
    const standing = recommended.get(row.provider);
    if (standing === undefined || row.mark === null) return false;
    const isNews = now - row.ageHours * HOUR_MS > Number(standing.measuredAt);
    const last = earlier.get(row.provider);
    if (hasFailed(row)) return isNews && (last === undefined || !hasFailed(last));
    return isNews && last !== undefined && Number(last.mark) - row.mark >= MUCH_WORSE;
  });
}

const hasFailed = ({ mark, level }: OpinionRow) => mark === 0 || level === 0;

/** Of a list, what people rely on, or would next. */
const RELIED_ON = 5;

interface Measured extends Pick<Ranked, 'recommended' | 'failures' | 'samples'> {
  readonly provider: Pick<Ranked['provider'], 'id'>;
}

/**
 * Whether something that neighbours may rely on, too, has failed here for the first time since it answered.
 * @param rows the list, best first
 * @param providers ids of those that were just measured
 */
export function isNews(rows: readonly Measured[], providers: readonly string[]): boolean {
  return rows.some(
    ({ provider, recommended, failures, samples }, place) =>
      failures === 1 && samples > 0 && (recommended || place < RELIED_ON) && providers.includes(provider.id),
  );
}
