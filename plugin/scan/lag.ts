/** Watches the event loop while probes run: a time taken while the loop was blocked is not the network's time. */

/** How often the loop must tick, ms: a stall looks shorter by up to this, since its beginning lies between two ticks. */
const TICK_MS = 2;

/** Shorter stalls are ordinary work (a collection, a row written); this is the smallest that invalidates a sample, ms. */
const SMALLEST_STALL_MS = 5;

/** How far a stall may falsify a time, as a share of it: what the panel calls a measurement is true to 3 %. */
const TOLERATED_SHARE = 0.03;

/** When the loop stood still, by `performance.now()`, and for how long more than it should have, ms. */
interface Stall {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

/** Turns of the loop nearer to each other than this are one, ms; and shorter ones are forgotten, so that none are many. */
const TURN_MS = 1;

/** When the loop was busy with what one provider sent. */
interface Turn {
  readonly from: number;
  readonly to: number;
}

/** The turns of the loop in which one provider's bytes were read. */
export class Turns {
  readonly #all: Turn[] = [];
  /** The turn that has begun and not ended. */
  #open: { readonly from: number; readonly before: NodeJS.CpuUsage } | null = null;
  #total = 0;

  /** To be called before something of the provider's is read: the turn lasts until all that follows from it is done. */
  readonly begin = (): void => {
    if (this.#open) return;
    const open = { from: performance.now(), before: process.cpuUsage() };
    this.#open = open;
    const end = () => {
      if (this.#open === open) this.end();
    };
    // After the listeners of this event come its ticks, then all promises that it settled, then new ticks.
    process.nextTick(() => queueMicrotask(() => process.nextTick(end)));
  };

  /** Ends the turn that is under way, if any: what counts is what was done until now. */
  end(): void {
    if (!this.#open) return;
    const { from, before } = this.#open;
    this.#open = null;
    const { user, system } = process.cpuUsage(before);
    const to = performance.now();
    this.#total += Math.min((user + system) / 1_000, to - from);
    this.#add({ from, to });
  }

  /**
   * Processor time of all turns together, ms. Not wall-clock time: a provider read while the whole machine was frozen has not
   * caused that.
   */
  get total(): number {
    return this.#total;
  }

  /** Whether most of that stall was in these turns. */
  caused({ from, to, ms }: Stall): boolean {
    const own = this.#all.reduce(
      (sum, turn) => sum + Math.max(0, Math.min(turn.to, to) - Math.max(turn.from, from)),
      0,
    );
    return own > ms / 2;
  }

  #add({ from, to }: Turn): void {
    const last = this.#all.at(-1);
    if (last && from - last.to < TURN_MS) this.#all[this.#all.length - 1] = { from: last.from, to };
    else {
      if (last && last.to - last.from < TURN_MS) this.#all.pop();
      this.#all.push({ from, to });
    }
  }
}

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

/** Whether a time of `value` ms is worthless because the loop was blocked for `stall` ms meanwhile. */
export function invalidates(stall: number, value: number): boolean {
  return stall > Math.max(SMALLEST_STALL_MS, TOLERATED_SHARE * value);
}
