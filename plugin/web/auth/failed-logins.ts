/** Writes failed logins to the system's log: the first at once, then how many more there were, once a minute at most. */
import { log, pairs } from '../../lib/log.js';

const EVERY_MS = 60_000;

export class FailedLogins {
  readonly #now: () => number;
  readonly #what: string;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #count = 0;

  /**
   * @param now ms; may be set back
   * @param what fails
   */
  constructor(now: () => number, what = 'login') {
    this.#now = now;
    this.#what = what;
  }

  /** @param from address of the connection; what was typed is never logged */
  add(from: string): void {
    this.#count += 1;
    if (Math.abs(this.#now() - this.#loggedAt) < EVERY_MS) return;
    const times = this.#count > 1 ? this.#count : null;
    log.warning(pairs({ by: 'stranger', what: this.#what, from, result: 'failed', times }));
    this.#loggedAt = this.#now();
    this.#count = 0;
  }
}
