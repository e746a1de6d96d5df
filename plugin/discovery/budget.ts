/**
 * How much of what strangers announce is listed: one budget over all sources. Shares are by announcer, the longest known
 * first, so that a flood costs its sender's own entries and nobody else's. Pure.
 */

import { ANNOUNCER_CAP } from '../announcement/tag-read.js';

/** Providers announced by strangers, in all; a large community has a few hundred. */
export const PROVIDERS_CAP = 4_000;
/** Entries of all members of one Serf community. */
export const ENTRIES_CAP = 3_000;
/** Providers at one address. */
export const ADDRESS_CAP = 64;
/** Service types that this panel does not know. */
export const UNKNOWN_TYPES_CAP = 100;
/** Announcers compared for one provider. */
export const WITNESSES_CAP = 16;

/** The longest-known announcers get up to this many entries each, while this part of the budget lasts. */
const SENIOR_ENTRIES = 16;
const SENIOR_PART = 0.75;

/**
 * Shares a budget among announcers.
 * @param counts entries of each, the longest known first
 * @returns how many of each are listed. First the longest known get up to 16 each, out of three quarters; the rest is dealt
 * out one entry at a time.
 */
export function allotShares(counts: readonly number[], budget = ENTRIES_CAP): number[] {
  let left = Math.floor(budget * SENIOR_PART);
  const senior = counts.map((count) => {
    const share = Math.min(count, SENIOR_ENTRIES, left);
    left -= share;
    return share;
  });
  const level = commonShare(counts, senior, budget);
  const shares = counts.map((count, at) => Math.max(senior[at] ?? 0, Math.min(count, level)));
  let rest = budget - shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share, at) => {
    if (rest <= 0 || share > level || share >= (counts[at] ?? 0)) return share;
    rest--;
    return share + 1;
  });
}

/** The most entries that every announcer can have, on top of what the longest known have. */
function commonShare(counts: readonly number[], senior: readonly number[], budget: number): number {
  // At n: by how much the number of announcers that gain an entry changes when the level rises from n - 1 to n.
  const changes = new Array<number>(ANNOUNCER_CAP + 2).fill(0);
  let sum = 0;
  for (const [at, count] of counts.entries()) {
    const share = senior[at] ?? 0;
    const most = Math.min(count, ANNOUNCER_CAP);
    sum += share;
    if (share >= most) continue;
    changes[share + 1] = (changes[share + 1] ?? 0) + 1;
    changes[most + 1] = (changes[most + 1] ?? 0) - 1;
  }
  let gaining = 0;
  for (let level = 1; level <= ANNOUNCER_CAP; level++) {
    gaining += changes[level] ?? 0;
    sum += gaining;
    if (sum > budget) return level - 1;
  }
  return ANNOUNCER_CAP;
}

/** One announcement of one provider, as far as the budget needs it. */
export interface Claim {
  readonly provider: string;
  readonly type: string;
  readonly address: string;
  readonly announcer: string;
  /** From this node or its owner: always listed. */
  readonly trusted: boolean;
}

/**
 * Which claims are listed.
 * @param claims the most believed first
 * @param isKnown whether this panel knows the type
 */
export function admit<C extends Claim>(claims: readonly C[], isKnown: (type: string) => boolean): ReadonlySet<C> {
  const counts = { providers: new Set<string>(), unknownTypes: new Set<string>() };
  const [byAnnouncer, byAddress, byProvider] = [new Tally(), new Tally(), new Tally()];
  const listed = new Set<C>();
  for (const claim of claims) {
    const { provider, type, address, announcer, trusted } = claim;
    const isNew = !counts.providers.has(provider);
    const hasRoom =
      byAnnouncer.count(announcer) < ANNOUNCER_CAP &&
      byProvider.count(provider) < WITNESSES_CAP &&
      (!isNew || (counts.providers.size < PROVIDERS_CAP && byAddress.count(address) < ADDRESS_CAP)) &&
      (isKnown(type) || counts.unknownTypes.has(type) || counts.unknownTypes.size < UNKNOWN_TYPES_CAP);
    if (!trusted && !hasRoom) continue;
    listed.add(claim);
    byAnnouncer.add(announcer);
    byProvider.add(provider);
    if (isNew) byAddress.add(address);
    counts.providers.add(provider);
    if (!isKnown(type)) counts.unknownTypes.add(type);
  }
  return listed;
}

class Tally {
  readonly #counts = new Map<string, number>();

  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.#counts.set(key, this.count(key) + 1);
  }
}
