/** What all probes together may cost in 24 hours, and what they have cost. */
import { DAY_MS } from '../lib/time.js';
import { PanelError } from '../model/errors.js';
import type { AttemptStore } from '../store/tables/attempts.js';

/** How long a sum of what is stored serves, ms: by then it knows what other processes wrote, and what is a day old. */
const SUM_MS = 60_000;

/** Share of the day's bytes that background probes may use at most: the rest is left for a person's scans. */
export const BACKGROUND_SHARE = 0.5;

interface BudgetDeps {
  readonly attempts: Pick<AttemptStore, 'bytesBetween' | 'added'>;
  readonly bytesPerDay: number;
  /** ms since the epoch. */
  readonly now: () => number;
  /** ms, where the clock may be set meanwhile: what has passed since some moment. */
  readonly steady?: () => number;
}

export class Budget {
  readonly #deps: BudgetDeps;
  /** Bytes of attempts that are under way, or not stored yet. */
  #pending = 0;
  /** Attempts that were made and will never be stored. */
  #lost: { readonly at: number; readonly bytes: number }[] = [];
  /** What the store held of 24 hours at that moment, without what this process had added by then. */
  #sum: { readonly at: number; readonly bytes: number } | null = null;

  constructor(deps: BudgetDeps) {
    this.#deps = deps;
  }

  /** Bytes that the share of the budget allows in 24 hours. */
  limit(share = 1): number {
    return Math.floor(this.#deps.bytesPerDay * share);
  }

  /** Bytes of the last 24 hours, with what is under way and what was thrown away. */
  spent(): number {
    const now = this.#deps.now();
    const steady = this.#steady();
    this.#lost = this.#lost.filter(({ at }) => at >= steady - DAY_MS);
    const lost = this.#lost.filter(({ at }) => at <= steady).reduce((sum, { bytes }) => sum + bytes, 0);
    return this.#stored(now) + this.#pending + lost;
  }

  /** Summed again once a minute, and when the clock was set back: it is read before every attempt. */
  #stored(now: number): number {
    const { attempts } = this.#deps;
    // Nothing dated in the future: an attempt made while the clock was a year ahead would count for a year.
    if (this.#sum === null || now < this.#sum.at || now >= this.#sum.at + SUM_MS)
      this.#sum = { at: now, bytes: attempts.bytesBetween(now - DAY_MS, now) - attempts.added.bytes };
    return this.#sum.bytes + attempts.added.bytes;
  }

  /** @throws PanelError budget-spent when these bytes would exceed the share */
  check(bytes: number, share = 1): void {
    if (this.spent() + bytes <= this.limit(share)) return;
    throw new PanelError(
      'budget-spent',
      `Measuring has used its ${this.limit(share)} bytes of the last 24 hours.`,
      'Wait some hours, or raise SCAN_BYTES_PER_DAY if your link can bear it.',
    );
  }

  /** Counts bytes until the returned function is called: until they are in the store, or given up. */
  hold(bytes: number): () => void {
    this.#pending += bytes;
    return () => {
      this.#pending -= bytes;
    };
  }

  /** Counts bytes of an attempt that is not stored. */
  lose(bytes: number): void {
    this.#lost.push({ at: this.#steady(), bytes });
  }

  #steady(): number {
    const { now, steady = now } = this.#deps;
    return steady();
  }
}
