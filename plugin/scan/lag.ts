/** Watches the event loop while probes run: a time taken while the loop stood still is not the network's time. */

/** How often the loop is asked to show up, ms: a stall looks shorter by up to this, for nobody knows when in between it began. */
const TICK_MS = 2;

/** A stall below this is ordinary work (a collection, a row written): the smallest that spoils a sample, ms. */
const SMALLEST_STALL_MS = 5;

/** How far a stall may falsify a time, as a share of it: what the panel calls a measurement is true to 3 %. */
const TOLERATED_SHARE = 0.03;

/** When the loop stood still, by `performance.now()`, and for how long more than it should have, ms. */
interface Stall {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

/** The stalls that one watcher has seen. */
export class Stalls {
  readonly #all: Stall[] = [];

  add(stall: Stall): void {
    this.#all.push(stall);
  }

  /** The longest that touches the span (`performance.now()`; all the time where left out), ms; 0 for none. */
  longest(from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): number {
    return this.#all.reduce((most, stall) => (stall.to > from && stall.from < to ? Math.max(most, stall.ms) : most), 0);
  }
}

/** Runs its timer only while somebody watches. */
export class LagGuard {
  readonly #watches = new Set<Stalls>();
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  /** Starts watching; the returned function ends it and gives the stalls since. */
  watch(): () => Stalls {
    const watch = new Stalls();
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
      return watch;
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const [from, to] = [this.#last, performance.now()];
    const ms = to - from - TICK_MS;
    this.#last = to;
    if (ms <= SMALLEST_STALL_MS) return;
    for (const watch of this.#watches) watch.add({ from, to, ms });
  }
}

/** Whether a time of `value` ms is worthless because the loop stood still for `stall` ms meanwhile. */
export function spoils(stall: number, value: number): boolean {
  return stall > Math.max(SMALLEST_STALL_MS, TOLERATED_SHARE * value);
}
