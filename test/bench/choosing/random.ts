/** Random numbers that are the same in every run, in the distributions that the table names. */
import { seeded } from '../../discovery/seeded.js';

export class Random {
  readonly #draw: (below: number) => number;

  /** The same words, the same numbers. */
  constructor(...words: readonly (string | number)[]) {
    let state = 0x811c9dc5;
    for (const char of words.join('/')) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
    this.#draw = seeded(state);
  }

  /** 0 ≤ x < 1. */
  readonly next = (): number => this.#draw(2 ** 32) / 2 ** 32;

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  logNormal({ median, sigma }: { readonly median: number; readonly sigma: number }): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** A factor around 1. */
  spread(sigma: number): number {
    return Math.exp(sigma * this.normal());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** How often that happens which does so `mean` times on average. */
  poisson(mean: number): number {
    let count = 0;
    for (let left = this.exponential(1); left < mean; left += this.exponential(1)) count += 1;
    return count;
  }

  /** Of whole parameters: the middle of that many even draws. */
  beta(alpha: number, beta: number): number {
    const draws = Array.from({ length: alpha + beta - 1 }, this.next).sort((a, b) => a - b);
    return draws[alpha - 1] as number;
  }

  /** One of them by their shares, which sum to 1. */
  pick<T extends { readonly share: number }>(list: readonly T[]): T {
    let left = this.next();
    for (const one of list) {
      left -= one.share;
      if (left < 0) return one;
    }
    return list.at(-1) as T;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const mixed = [...list];
    for (let index = mixed.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [mixed[index], mixed[other]] = [mixed[other] as T, mixed[index] as T];
    }
    return mixed;
  }
}
