/**
 * Which of a type's providers one scan measures, and in what order: a list made up by strangers must neither spend the day's
 * bytes nor keep a scan from the neighbours who are really there.
 */
import type { ServiceType } from '../services/contract.js';
import { attemptCost, type Extent, MORE, SPACING_MS, scanCost, seriesCost } from './cost.js';
import { groups } from './group.js';
import type { Probeable } from './target.js';

/** Largest shares of a day's bytes that one scan may spend on providers that never answered, and on one announcer or host. */
export const NEWCOMERS_SHARE = 0.3;
export const GROUP_SHARE = 0.05;

/** This many are measured however few bytes a day has: of those that never answered, and of one group. */
const FEW: { readonly newcomers: number; readonly group: number } = { newcomers: 20, group: 4 };
/** At most this many that never answered are measured: silence takes seconds, and a person waits for the end of the scan. */
export const NEWCOMERS_CAP = 250;

/** What is known of a provider before the scan. */
export interface Past {
  /** ms since the epoch; null = never. */
  readonly measuredAt: number | null;
  /** Whether any of its newest attempts answered. */
  readonly answered: boolean;
}

const NEVER: Past = { measuredAt: null, answered: false };

export interface Prospect extends Past {
  readonly target: Probeable;
}

/** What a scan of the type would cover and cost now. */
export interface Quote {
  /** Providers that it measures, and those that it leaves for later ones. */
  readonly providers: number;
  readonly left: number;
  /** At most. */
  readonly packets: number;
  readonly bytes: number;
  /** About how long it takes. */
  readonly seconds: number;
}

/** The targets in the order of a scan: those known to answer and the others take turns. */
export function inOrder(targets: readonly Probeable[], pasts: ReadonlyMap<string, Past>): Prospect[] {
  const all = targets.map((target) => ({ target, ...(pasts.get(target.id) ?? NEVER) }));
  const known = inTurns(all.filter(({ answered }) => answered));
  const newcomers = inTurns(all.filter(({ answered }) => !answered));
  const longer = Math.max(known.length, newcomers.length);
  return Array.from({ length: longer }, (_, index) => [known[index], newcomers[index]])
    .flat()
    .filter((prospect) => prospect !== undefined);
}

/**
 * The first of each group, then the second of each, …: the never measured first, of them those announced for longest, then
 * the oldest measurements. A scan cancelled half way has looked where it knew least.
 */
function inTurns(prospects: readonly Prospect[]): Prospect[] {
  const counts = new Map<string, number>();
  const at = ({ measuredAt }: Prospect) => measuredAt ?? Number.NEGATIVE_INFINITY;
  const since = ({ target }: Prospect) => target.since ?? 0;
  const byAge = (a: Prospect, b: Prospect) => {
    const [one, other] = [at(a), at(b)];
    const age = since(a) - since(b) || (a.target.id < b.target.id ? -1 : 1);
    return one === other ? age : one - other;
  };
  return prospects
    .toSorted(byAge)
    .map((prospect) => {
      let rank = 0;
      for (const group of groups(prospect.target, prospect.answered)) {
        const count = counts.get(group) ?? 0;
        counts.set(group, count + 1);
        rank = Math.max(rank, count);
      }
      return { prospect, rank };
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ prospect }) => prospect);
}

/** How much of the day one scan has spent on whom. One that asks for a single provider has no shares. */
export class Shares {
  readonly #bytesPerDay: number;
  readonly #spent = new Map<string, { bytes: number; count: number }>();
  /** The dearest attempt so far, bytes: a flood costs more than the type declares. */
  #dearest = 0;

  constructor(bytesPerDay: number) {
    this.#bytesPerDay = bytesPerDay;
  }

  /**
   * Takes the bytes for an attempt out of all shares that it belongs to: at least those declared, and as many as the dearest
   * one before. null, and nothing taken, where a share has too few.
   * @param reserve bytes that are to be left over of what newcomers may cost
   */
  take({ target, answered }: Prospect, declared: number, reserve = 0): number | null {
    const bytes = Math.max(declared, this.#dearest);
    const shares = groups(target, answered).map((group) => ({
      group,
      few: FEW.group,
      limit: this.#limit(GROUP_SHARE),
    }));
    if (!answered) shares.push({ group: NEWCOMERS, few: FEW.newcomers, limit: this.#limit(NEWCOMERS_SHARE) - reserve });
    const fits = shares.every(({ group, few, limit }) => {
      const { bytes: spent, count } = this.#of(group);
      return count < few || spent + bytes <= limit;
    });
    if (!fits) return null;
    for (const { group } of shares) this.#add(group, bytes, 1);
    return bytes;
  }

  /** Replaces what was taken for an attempt by what it cost. */
  settle({ target, answered }: Prospect, taken: number, bytes: number): void {
    this.#dearest = Math.max(this.#dearest, bytes);
    for (const group of groups(target, answered)) this.#add(group, bytes - taken, 0);
    if (!answered) this.#add(NEWCOMERS, bytes - taken, 0);
  }

  #limit(share: number): number {
    return this.#bytesPerDay * share;
  }

  #of(group: string): { bytes: number; count: number } {
    return this.#spent.get(group) ?? { bytes: 0, count: 0 };
  }

  #add(group: string, bytes: number, count: number): void {
    const { bytes: before, count: counted } = this.#of(group);
    this.#spent.set(group, { bytes: before + bytes, count: counted + count });
  }
}

/** The share of all that never answered, beside those of `groups`. */
const NEWCOMERS = 'newcomers';

/** Those of the ordered targets that a scan measures: as many as its shares pay for at the declared costs. */
export function select(type: ServiceType, ordered: readonly Prospect[], bytesPerDay: number): Prospect[] {
  const shares = new Shares(bytesPerDay);
  let newcomers = 0;
  let dearest = 0;
  return ordered.filter((prospect) => {
    if (!prospect.answered && newcomers >= NEWCOMERS_CAP) return false;
    const { bytes } = attemptCost(type, prospect.target, {});
    // What they may cost again: more samples of the best, and repetitions.
    const most = Math.max(dearest, bytes);
    const taken = shares.take(prospect, bytes, seriesCost(newcomers + 1, most)) !== null;
    if (taken && !prospect.answered) [newcomers, dearest] = [newcomers + 1, most];
    return taken;
  });
}

/** What attempts take on average, ms: an answer, a silence that was met before, and where nobody knows which. */
const ANSWER_MS = 300;
const SILENCE_MS = 5_000;
const UNKNOWN_MS = 2_000;

/** @param concurrency how many attempts run at once */
export function quote(
  type: ServiceType,
  ordered: readonly Prospect[],
  bytesPerDay: number,
  concurrency: number,
  extent: Extent = {},
): Quote {
  const selected = select(type, ordered, bytesPerDay);
  const places = selected.map(({ target }) => target);
  const cost = scanCost(type, places, extent);
  const first = selected.reduce((sum, prospect) => sum + expectedMs(prospect), 0) / concurrency;
  const seconds = Math.ceil((first + MORE * (SPACING_MS + ANSWER_MS)) / 1000);
  return { providers: places.length, left: ordered.length - places.length, ...cost, seconds };
}

function expectedMs({ answered, measuredAt }: Past): number {
  if (answered) return ANSWER_MS;
  return measuredAt === null ? UNKNOWN_MS : SILENCE_MS;
}
