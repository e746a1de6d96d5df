/** Step 8 of the score: the order of a type's list, and which of its rows carries the recommendation. */
import type { Provider } from '../model/provider.js';
import type { Ranked, Unrated } from '../model/ranked.js';
import type { Score } from '../model/score.js';
import { DELTA, isProven, isRecommendable, nearEquals, pickByNode, standing, toCandidates } from './equals.js';
import { GATE, UNTRIED } from './index.js';

/** What the owner and the node add to the scores. Sets and maps by provider id. */
export interface Preferences {
  /** They go last, and are never recommended. */
  readonly hidden?: ReadonlySet<string>;
  /** Marked, not moved. */
  readonly pinned?: ReadonlySet<string>;
  /** Not moved either, and recommended only where no other may be. */
  readonly reserve?: ReadonlySet<string>;
  /** The scores without the owner's stars, of the providers that have some. */
  readonly unrated?: ReadonlyMap<string, Unrated>;
  /** The provider recommended since the last scan. */
  readonly recommended?: string | null;
  /** The provider that led it by enough at the end of the last scan. */
  readonly challenger?: string | null;
  /** This node's own, which spreads the choice among equals; without it the first of them is taken. */
  readonly seed?: string;
  /** Guessed round-trip times, ms. */
  readonly estimates?: ReadonlyMap<string, number>;
  /** How far the network's routing daemon sees them: larger is farther. It moves no score. */
  readonly distances?: ReadonlyMap<string, number>;
  /** What neighbours' experience lets expect of what was never tried here, 0..1; ½ = nothing. It moves no score. */
  readonly expected?: ReadonlyMap<string, number>;
}

/**
 * The providers in the order of their worth: scored ones by score, at the same score the proven ones first, then those without a score (not checked, never tried,
 * not to be probed), then those that failed, and last the hidden ones. Equal ones go by id, so that a list never
 * reshuffles by itself. A provider that may not be probed shows that reason instead of what was once measured.
 * The recommended one keeps the badge while it may; otherwise the badge goes at once to the one that `recommend` would choose.
 */
export function rank(
  providers: readonly Provider[],
  scores: ReadonlyMap<string, Score>,
  preferences: Preferences = {},
): Ranked[] {
  const rows = providers.map((provider) => toRow(provider, scores, preferences)).sort(compare);
  const equals = nearEquals(rows);
  const holder = toCandidates(rows).find((row) => row.provider.id === preferences.recommended);
  const badge = holder ?? (preferences.seed === undefined ? equals[0] : pickByNode(equals, preferences.seed));
  const asGood = new Set(equals.length > 1 ? equals : []);
  return rows.map((row) => {
    const { provider, pinned, hidden, reserve, estimate, distance, expected } = row;
    const unrated = preferences.unrated?.get(provider.id);
    return {
      ...{ provider, pinned, hidden, reserve, estimate, recommended: row === badge, asGood: asGood.has(row) },
      ...row.all,
      ...(provider.id === preferences.challenger && { challenger: true }),
      ...(distance !== undefined && { distance }),
      ...(expected !== undefined && { expected }),
      ...(unrated && row.all.rating !== null && row.all.score !== null && { unrated }),
    };
  });
}

/**
 * The list as if its owner had marked nothing: without pins and stars, hidden providers back in their place, those in
 * reserve ordinary ones. The badge stays unless, without the marks, the best leads its holder by `DELTA` and is not the
 * challenger, which has to lead for longer.
 */
export function withoutOwnerMarks(rows: readonly Ranked[]): readonly Ranked[] {
  const plain = rows.map(withoutRowMarks);
  const isRated = rows.some(({ rating }) => rating !== null);
  const withheld = new Set(rows.filter(({ hidden, reserve }) => hidden || reserve).map(({ provider }) => provider.id));
  if (!isRated && withheld.size === 0) return plain;
  const shown = plain.toSorted(compare);
  const equals = nearEquals(shown);
  const isMoved = isRated || equals.some(({ provider }) => withheld.has(provider.id));
  const holder = shown.find(({ recommended }) => recommended);
  const badge = !isMoved || (holder && holdsOut(holder, equals[0])) ? holder : equals[0];
  const asGood = new Set(equals.length > 1 ? equals : []);
  return shown.map((row) => ({ ...row, recommended: row === badge, asGood: asGood.has(row) }));
}

/** Whether the holder of the badge keeps it before the best. */
const holdsOut = (holder: Ranked, best: Ranked | undefined) =>
  isRecommendable(holder) &&
  (isProven(holder) || !best || !isProven(best)) &&
  (best === undefined || best.challenger || standing(best) - standing(holder) < DELTA);

function withoutRowMarks(row: Ranked): Ranked {
  if (!row.pinned && !row.hidden && !row.reserve && row.rating === null) return row;
  const { unrated, ...rest } = row;
  return { ...rest, ...unrated, rating: null, pinned: false, hidden: false, reserve: false };
}

/** What orders a row, and decides which one is recommended. */
type Order = Pick<
  Ranked,
  | 'provider'
  | 'score'
  | 'high'
  | 'worse'
  | 'measuredAt'
  | 'parts'
  | 'level'
  | 'pinned'
  | 'hidden'
  | 'reserve'
  | 'estimate'
  | 'distance'
  | 'expected'
>;

/** All that is known of it, too. */
type Row = Order & { readonly all: Score };

function toRow(
  provider: Provider,
  scores: ReadonlyMap<string, Score>,
  { hidden, pinned, reserve, estimates, distances, expected: hearsay }: Preferences,
): Row {
  const { id, barred } = provider;
  const known = scores.get(id) ?? UNTRIED;
  const all = barred === null ? withoutVerdict(known) : { ...UNTRIED, reason: barred, rating: known.rating };
  const { score, high, worse, level, measuredAt, parts } = all;
  const isUntried = barred === null && measuredAt === null;
  const estimate = isUntried ? (estimates?.get(id) ?? null) : null;
  const distance = isUntried ? distances?.get(id) : undefined;
  const expected = isUntried ? hearsay?.get(id) : undefined;
  const isIn = (marked: ReadonlySet<string> | undefined) => marked?.has(id) ?? false;
  const marks = { pinned: isIn(pinned), hidden: isIn(hidden), reserve: isIn(reserve) };
  const untried = { ...(distance !== undefined && { distance }), ...(expected !== undefined && { expected }) };
  return { all, provider, score, high, worse, measuredAt, parts, level, estimate, ...marks, ...untried };
}

/**
 * What answered below the level that proves its service has 0 by the gate, yet it has not failed: nothing is known of the
 * service, so it stands among those without a score.
 */
function withoutVerdict(known: Score): Score {
  return known.reason === 'not-checked'
    ? {
        ...known,
        score: null,
        low: null,
        high: null,
        parts: known.parts.filter(({ metric }) => metric !== GATE.metric),
      }
    : known;
}

/** 0 has a score · 1 has none · 2 failed. */
const orderGroup = ({ score }: Order) => (score === null ? 1 : score > 0 ? 0 : 2);

function compare(a: Order, b: Order): number {
  const group = orderGroup(a);
  return (
    Number(a.hidden) - Number(b.hidden) ||
    group - orderGroup(b) ||
    (group === 0 ? Number(b.score) - Number(a.score) || Number(isProven(b)) - Number(isProven(a)) : 0) ||
    (group === 1
      ? b.level - a.level || tenths(b) - tenths(a) || compareEstimates(a, b) || compareDistances(a, b)
      : 0) ||
    (a.provider.id < b.provider.id ? -1 : 1)
  );
}

/** One voice that is hardly believed changes nothing. */
const tenths = ({ expected = 0.5 }: Order) => Math.round(10 * expected);

/** The nearest first; unknown ones after all known. */
function compareEstimates(a: Order, b: Order): number {
  if (a.estimate === null || b.estimate === null) return Number(a.estimate === null) - Number(b.estimate === null);
  return a.estimate - b.estimate;
}

/** What the network sees, where no estimate of times decides; unknown ones after all known. */
function compareDistances(a: Order, b: Order): number {
  const [near, far] = [a.distance ?? Number.MAX_VALUE, b.distance ?? Number.MAX_VALUE];
  return near - far;
}
