/** Slows down guessing of the password: after a few failures in a row each further try has to wait longer. */

const FREE_TRIES = 5;
const LONGEST_WAIT_MS = 60_000;
/** Addresses remembered; the oldest is forgotten first. */
const MOST = 1000;

interface Tries {
  failures: number;
  /** No try before this moment, ms. */
  until: number;
}

/** Counts the failures in a row of each address. */
export class Throttle {
  readonly #tries = new Map<string, Tries>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Counts a try as failed before it is judged, so that tries at the same time do not slip through.
   * @returns how long the address has to wait, ms; 0 when it may try now
   */
  begin(address: string): number {
    const tries = this.#tries.get(address) ?? { failures: 0, until: 0 };
    const wait = tries.until - this.#now();
    if (wait > 0) return wait;
    tries.failures += 1;
    const over = tries.failures - FREE_TRIES;
    if (over >= 0) tries.until = this.#now() + Math.min(1000 * 2 ** over, LONGEST_WAIT_MS);
    this.#remember(address, tries);
    return 0;
  }

  succeeded(address: string): void {
    this.#tries.delete(address);
  }

  #remember(address: string, tries: Tries): void {
    this.#tries.delete(address);
    this.#tries.set(address, tries);
    const [oldest] = this.#tries.keys();
    if (this.#tries.size > MOST && oldest !== undefined) this.#tries.delete(oldest);
  }
}
