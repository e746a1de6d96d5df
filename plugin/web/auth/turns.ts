/**
 * One password check at a time: each takes 16 MiB and a thread of the pool that files and DNS need too. Browsers known as
 * the owner's go first.
 */

/** Strangers that may wait, about 50 ms for each of those before them. The throttle ends such a crowd within seconds. */
const MAX_STRANGERS = 64;
/** Known browsers that may wait: more than one person's send at once. */
const MAX_KNOWN = 32;

export class Turns {
  readonly #known: (() => void)[] = [];
  readonly #strangers: (() => void)[] = [];
  #busy = false;

  /** Whether one more of this kind has to be turned away. */
  isFull(isKnown: boolean): boolean {
    return isKnown ? this.#known.length >= MAX_KNOWN : this.#strangers.length >= MAX_STRANGERS;
  }

  async run<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#busy) await new Promise<void>((resolve) => (isKnown ? this.#known : this.#strangers).push(resolve));
    this.#busy = true;
    try {
      return await work();
    } finally {
      const next = this.#known.shift() ?? this.#strangers.shift();
      // Stays busy while others wait: a newcomer must not overtake them.
      this.#busy = next !== undefined;
      next?.();
    }
  }
}
