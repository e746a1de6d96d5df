/** The two ways to keep measuring in the background, both by day: by plan within the budget, and everybody every hour. */

import type { Ranked } from '../../../plugin/model/ranked.js';
import { isDaytime } from '../../../plugin/scan/plan.js';
import { EPOCH, type Panel, PROVIDERS } from './panel.js';
import type { Random } from './random.js';
import { HOUR, TABLE } from './table.js';

const MINUTE = 60_000;

/** Carries a panel through time. */
export interface Keeper {
  readonly panel: Panel;
  /** Measures until that time, and gives the list as it then stands. */
  until(at: number): readonly Ranked[];
  /** Each change of the badge so far: ms from the start. */
  readonly changes: readonly number[];
}

abstract class Measuring implements Keeper {
  readonly panel: Panel;
  readonly changes: number[] = [];
  protected next: number;

  constructor(panel: Panel, from: number) {
    this.panel = panel;
    this.next = from;
  }

  until(at: number): readonly Ranked[] {
    while (this.next <= at) {
      const before = this.panel.badge;
      if (isDaytime(EPOCH + this.next)) this.round(this.next);
      if (before !== null && before !== this.panel.badge) this.changes.push(this.next);
      this.next += this.pause();
    }
    return this.panel.rows(at);
  }

  protected abstract round(at: number): void;
  protected abstract pause(): number;
}

/** About two probes an hour, each where the plan wants it. */
export class Planned extends Measuring {
  readonly #random: Random;
  #rows: readonly Ranked[] | null = null;

  constructor(panel: Panel, random: Random, from = 0) {
    super(panel, from);
    this.#random = random;
    this.next += this.pause();
  }

  protected round(at: number): void {
    // The list as it stood after the last probe serves the plan: half an hour changes no bound by much.
    this.#rows ??= this.panel.rows(at);
    this.#rows = this.panel.background(at, this.#rows);
  }

  protected pause(): number {
    const { mean, min, max } = TABLE.pause;
    return Math.min(Math.max(this.#random.exponential(mean), min), max) * MINUTE;
  }
}

/** Every provider once an hour; it has a list and no badge. */
export class Full extends Measuring {
  protected round(at: number): void {
    for (const provider of PROVIDERS.keys()) this.panel.probe(provider, at);
  }

  protected pause(): number {
    return HOUR;
  }
}
