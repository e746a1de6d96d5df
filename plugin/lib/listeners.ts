/** Callbacks that are notified of changes. */
import { log } from './log.js';

/** Listeners of one kind of change. */
export class Listeners<T extends unknown[] = []> {
  readonly #all = new Set<(...values: T) => void>();
  readonly #last = new Set<(...values: T) => void>();

  /** @returns a function that removes it */
  add(listener: (...values: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  /** As `add`, but told after all those. */
  addLast(listener: (...values: T) => void): () => void {
    this.#last.add(listener);
    return () => this.#last.delete(listener);
  }

  /** A listener's mistake is logged, and keeps nobody else from being told. */
  call(...values: T): void {
    for (const listener of [...this.#all, ...this.#last]) {
      try {
        listener(...values);
      } catch (error) {
        log.error(error);
      }
    }
  }
}
