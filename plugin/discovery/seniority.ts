/** Since when each announcer has been saying what it says: who said it first is believed before who said it later. */

/** What an earlier run of the panel heard; times in ms since the epoch. */
export interface Remembered {
  /** When the announcer was first heard; null = never. */
  announcer(announcer: string): number | null;
  /** When it first announced that provider; null = never. */
  claim(provider: string, announcer: string): number | null;
}

export const NOTHING_REMEMBERED: Remembered = { announcer: () => null, claim: () => null };

/** Dates what is heard. A clock that is set back makes nobody older than those who were here before. */
export class Seniority {
  readonly #remembered: Remembered;
  readonly #now: () => number;
  #latest = 0;

  /** @param now ms since the epoch */
  constructor(now: () => number, remembered: Remembered = NOTHING_REMEMBERED) {
    this.#now = now;
    this.#remembered = remembered;
  }

  /** Since when the announcer is known, ms since the epoch. */
  announcer(announcer: string): number {
    return this.#dated(this.#remembered.announcer(announcer));
  }

  /** Since when it has announced the provider. */
  claim(provider: string, announcer: string): number {
    return this.#dated(this.#remembered.claim(provider, announcer));
  }

  #dated(remembered: number | null): number {
    const since = remembered ?? Math.max(this.#now(), this.#latest);
    this.#latest = Math.max(this.#latest, since);
    return since;
  }
}
