/** Watches the event loop while probes run: a time taken while the loop stood still is not the network's time. */

/** How often the loop is asked to show up, ms; half the smallest stall that matters. */
const TICK_MS = 5;

/** A stall below this is ordinary work (a collection, a row written): the smallest that spoils a sample, ms. */
const SMALLEST_STALL_MS = 5;

/** A stall up to this share of the measured time is within what a wireless path itself wavers. */
const TOLERATED_SHARE = 0.1;

interface Watch {
  longest: number;
}

/** Runs its timer only while somebody watches. */
export class LagGuard {
  readonly #watches = new Set<Watch>();
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  /** Starts watching; the returned function ends it and gives the longest stall since, in ms. */
  watch(): () => number {
    const watch: Watch = { longest: 0 };
    // A stall that ended just now belongs to those who watched before.
    if (this.#timer) this.#tick();
    else this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#last = performance.now();
    this.#watches.add(watch);
    return () => {
      // The loop may have stood still until this very moment.
      this.#tick();
      this.#watches.delete(watch);
      if (this.#watches.size === 0) this.close();
      return watch.longest;
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    const stall = now - this.#last - TICK_MS;
    this.#last = now;
    for (const watch of this.#watches) watch.longest = Math.max(watch.longest, stall);
  }
}

/** Whether a time of `value` ms is worthless because the loop stood still for `stall` ms meanwhile. */
export function spoils(stall: number, value: number): boolean {
  return stall > Math.max(SMALLEST_STALL_MS, TOLERATED_SHARE * value);
}
