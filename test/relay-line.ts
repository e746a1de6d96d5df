/** One direction of a path: a queue that releases each packet when it is due, to about 0.1 ms. */
import { seeded } from './discovery/seeded.js';
import type { Path } from './relay.js';

/** Headers of a datagram (IP and UDP), which a slow line carries too. */
const HEADERS = 28;
/** Node's timers are late by up to this, ms: the rest of the wait is spent turning the event loop. */
const TIMER_LATE_MS = 2;

export class Line {
  readonly #path: Required<Omit<Path, 'seed' | 'rate'>> & Pick<Path, 'rate'>;
  /** 0 ≤ x < 1. */
  readonly #random: () => number;
  readonly #queue: { readonly due: number; readonly deliver: () => void }[] = [];
  /** When the last packet has been put on the line, and when it arrives: none overtakes another. */
  #busyUntil = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor({ delay = 0, jitter = 0, loss = 0, ...rest }: Omit<Path, 'seed'>, seed: number) {
    this.#path = { delay, jitter, loss, ...rest };
    const draw = seeded(seed);
    this.#random = () => draw(2 ** 32) / 2 ** 32;
  }

  /** Draws whether the next packet is lost. */
  loses(): boolean {
    return this.#random() < this.#path.loss;
  }

  /** Calls `deliver` when a packet of so many bytes has come through. */
  pass(bytes: number, deliver: () => void): void {
    const { delay, jitter, rate } = this.#path;
    const takes = rate === undefined ? 0 : ((bytes + HEADERS) / rate) * 1000;
    this.#busyUntil = Math.max(this.#busyUntil, performance.now()) + takes;
    const wavers = jitter === 0 ? 0 : jitter * (2 * this.#random() - 1);
    this.#lastDue = Math.max(this.#lastDue, this.#busyUntil + Math.max(0, delay + wavers));
    this.#queue.push({ due: this.#lastDue, deliver });
    if (this.#queue.length === 1) this.#wait();
  }

  close(): void {
    this.#queue.length = 0;
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #wait(): void {
    const left = (this.#queue[0]?.due ?? Number.POSITIVE_INFINITY) - performance.now();
    if (left === Number.POSITIVE_INFINITY) return;
    if (left > TIMER_LATE_MS) this.#timer = setTimeout(() => this.#wait(), Math.floor(left - TIMER_LATE_MS));
    else if (left > 0) this.#turn = setImmediate(() => this.#wait());
    else {
      this.#queue.shift()?.deliver();
      this.#wait();
    }
  }
}
