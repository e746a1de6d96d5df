/**
 * How much of what strangers announce is listed: one budget over all sources. Whoever floods loses its own entries, not
 * those of the neighbours: the share is by announcer, and who has been here longer comes first. Pure.
 */

import { ANNOUNCER_CAP } from '../announcement/tag-read.js';

/** Providers that strangers announce, in all; a large community has some hundred. */
export const PROVIDERS_CAP = 4_000;
/** Entries of all members of one Serf community. */
export const ENTRIES_CAP = 3_000;
/** Providers at one address. */
export const ADDRESS_CAP = 64;
/** Words of types that this panel does not know. */
export const WORDS_CAP = 100;
/** Announcers that are compared where many announce the same provider. */
export const WITNESSES_CAP = 16;

/** Up to so many entries the longest-known announcers are served first, as long as this part of the budget lasts. */
const SENIOR_ENTRIES = 16;
const SENIOR_PART = 0.75;

/**
 * Shares a budget among announcers.
 * @param counts entries of each, those known longest first
 * @returns how many of each are listed. First the longest-known get up to 16 each, out of three quarters; the rest goes
 * round, an entry for each at a time.
 */
export function sharesOf(counts: readonly number[], budget = ENTRIES_CAP): number[] {
  let left = Math.floor(budget * SENIOR_PART);
  const senior = counts.map((count) => {
    const share = Math.min(count, SENIOR_ENTRIES, left);
    left -= share;
    return share;
  });
  const level = levelOf(counts, senior, budget);
  const shares = counts.map((count, at) => Math.max(senior[at] ?? 0, Math.min(count, level)));
  let rest = budget - shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share, at) => {
    if (rest <= 0 || share > level || share >= (counts[at] ?? 0)) return share;
    rest--;
    return share + 1;
  });
}

/** The largest number of entries that everybody can have besides what the longest-known have. */
function levelOf(counts: readonly number[], senior: readonly number[], budget: number): number {
  // How many more, or fewer, gain an entry when the level rises to n than when it rose to n - 1.
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

/** One announcement of one provider, as the budget sees it. */
export interface Claim {
  readonly provider: string;
  readonly type: string;
  readonly address: string;
  readonly announcer: string;
  /** From the owner of this node, or from the node itself: always listed. */
  readonly trusted: boolean;
}

/**
 * Which claims are listed.
 * @param claims those to be believed first come first
 * @param isKnown whether this panel knows the type
 */
export function admit<C extends Claim>(claims: readonly C[], isKnown: (type: string) => boolean): ReadonlySet<C> {
  const counts = { providers: new Set<string>(), words: new Set<string>() };
  const [ofAnnouncer, atAddress, witnesses] = [new Tally(), new Tally(), new Tally()];
  const kept = new Set<C>();
  for (const claim of claims) {
    const { provider, type, address, announcer, trusted } = claim;
    const isNew = !counts.providers.has(provider);
    const hasRoom =
      ofAnnouncer.of(announcer) < ANNOUNCER_CAP &&
      witnesses.of(provider) < WITNESSES_CAP &&
      (!isNew || (counts.providers.size < PROVIDERS_CAP && atAddress.of(address) < ADDRESS_CAP)) &&
      (isKnown(type) || counts.words.has(type) || counts.words.size < WORDS_CAP);
    if (!trusted && !hasRoom) continue;
    kept.add(claim);
    ofAnnouncer.add(announcer);
    witnesses.add(provider);
    if (isNew) atAddress.add(address);
    counts.providers.add(provider);
    if (!isKnown(type)) counts.words.add(type);
  }
  return kept;
}

class Tally {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }
}
