/** When each announcer first said what it says: the earlier one is believed. */

/** What an earlier run of the panel heard; times are ms since the epoch. */
export interface Memory {
  /** When the announcer was first heard; null = never. */
  announcer(announcer: string): number | null;
  /** When it first announced that provider; null = never. */
  claim(provider: string, announcer: string): number | null;
}

export const NO_MEMORY: Memory = { announcer: () => null, claim: () => null };

/** Dates announcers and claims. A clock that is set back makes nobody older than those who were here before. */
export class Seniority {
  readonly #memory: Memory;
  readonly #now: () => number;
  #latest = 0;

  /** @param now ms since the epoch */
  constructor(now: () => number, memory: Memory = NO_MEMORY) {
    this.#now = now;
    this.#memory = memory;
  }

  /** When the announcer was first heard, ms since the epoch. */
  announcer(announcer: string): number {
    return this.#date(this.#memory.announcer(announcer));
  }

  /** When it first announced the provider, ms since the epoch. */
  claim(provider: string, announcer: string): number {
    return this.#date(this.#memory.claim(provider, announcer));
  }

  #date(stored: number | null): number {
    const since = stored ?? Math.max(this.#now(), this.#latest);
    this.#latest = Math.max(this.#latest, since);
    return since;
  }
}
