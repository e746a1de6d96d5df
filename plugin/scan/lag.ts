/** Watches the event loop while probes run: a time taken while the loop was blocked is not the network's time. */
import { largest } from '../lib/extremes.js';
import type { Span } from '../probe/times.js';
import type { Stall, Turns } from './attempt/turns.js';

/** How often the loop must tick, ms: a stall looks shorter by up to this, since its beginning lies between two ticks. */
const TICK_MS = 2;

/** Shorter stalls are ordinary work (a collection, a row written); this is the smallest that invalidates a sample, ms. */
const SMALLEST_STALL_MS = 5;

/** How long after a stall the loop may still read what came during it, ms. */
const LATE_READ_MS = 2 * TICK_MS;

/** How far a stall may falsify a time, as a share of it: what the panel calls a measurement is true to 3 %. */
const TOLERATED_SHARE = 0.03;

/** The stalls that one watcher has seen. */
export class Stalls {
  readonly #all: Stall[] = [];

  add(stall: Stall): void {
    this.#all.push(stall);
  }

  /** Those that these turns did not cause. */
  without(turns: Turns): Stalls {
    const others = new Stalls();
    for (const stall of this.#all) if (!turns.caused(stall)) others.add(stall);
    return others;
  }

  /** The longest, ms; 0 for none. */
  longest(): number {
    return largest(
      this.#all.map(({ ms }) => ms),
      0,
    );
  }

  /**
   * How much the stalls may have added to what was timed in these spans, at most, ms. One that begins and ends while we wait adds
   * nothing. In one that covers the beginning, the question left a little after the clock started; in one that covers the end,
   * the answer lay in the kernel, and was read a little after the loop went on.
   */
  added(spans: readonly Span[]): number {
    return largest(
      this.#all.flatMap((stall) => spans.map((span) => addedBy(stall, span))),
      0,
    );
  }
}

function addedBy(stall: Stall, { from, until }: Span): number {
  const before = stall.from < from && from < stall.to ? stall.to - from : 0;
  const after = stall.from < until && until <= stall.to + LATE_READ_MS ? until - stall.from : 0;
  return Math.min(stall.ms, before + after);
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

/** Whether a time of `value` ms is worthless because the loop was blocked for `stall` ms meanwhile. */
export function invalidates(stall: number, value: number): boolean {
  return stall > Math.max(SMALLEST_STALL_MS, TOLERATED_SHARE * value);
}
