/** The turns of the event loop in which one provider's bytes were read: what they took is on its account. */
import { ThreadTime } from './thread-time.js';

/** When the loop stood still, by `performance.now()`, and for how long more than it should have, ms. */
export interface Stall {
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
  readonly #time = new ThreadTime();
  #closed = false;
  /** The turn that has begun and not ended. */
  #open: { readonly from: number; readonly before: number } | null = null;
  #total = 0;

  /** To be called before something of the provider's is read: the turn lasts until all that follows from it is done. */
  readonly begin = (): void => {
    if (this.#open || this.#closed) return;
    const open = { from: performance.now(), before: this.#time.read() };
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
    const to = performance.now();
    this.#total += Math.min(this.#time.read() - before, to - from);
    this.#add({ from, to });
  }

  /** Ends the turn that is under way, and counts no other: a probe that was left behind may still read. */
  close(): void {
    this.end();
    this.#closed = true;
    this.#time.close();
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
