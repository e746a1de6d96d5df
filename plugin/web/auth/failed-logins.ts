/** Warns the system's log of failed logins: the first at once, then how many more there were, once a minute at most. */
import { log, pairs } from '../../lib/log.js';

const EVERY_MS = 60_000;

export class FailedLogins {
  readonly #now: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #untold = 0;

  /** @param now ms; whether it was set back does not matter */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param from address of the connection; what was typed stays out of every log */
  add(from: string): void {
    this.#untold += 1;
    if (Math.abs(this.#now() - this.#toldAt) < EVERY_MS) return;
    const times = this.#untold > 1 ? this.#untold : null;
    log.warning(pairs({ by: 'stranger', what: 'login', from, result: 'failed', times }));
    this.#toldAt = this.#now();
    this.#untold = 0;
  }
}
