/**
 * One check of a password at a time: each takes 16 MiB and a thread of the pool that files and names need too. Whoever is
 * known as the owner's goes first.
 */

/** Strangers that may wait; each waits for those before it, some 50 ms apiece. The throttle ends such a crowd within seconds. */
const MAX_STRANGERS = 64;
/** Those known may: more than a person's browsers send at once. */
const MAX_KNOWN = 32;

export class Turns {
  readonly #known: (() => void)[] = [];
  readonly #strangers: (() => void)[] = [];
  #busy = false;

  /** Whether one more of the kind would have to be turned away. */
  isFull(isKnown: boolean): boolean {
    return isKnown ? this.#known.length >= MAX_KNOWN : this.#strangers.length >= MAX_STRANGERS;
  }

  /** Does the work when its turn comes. */
  async run<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#busy) await new Promise<void>((resolve) => (isKnown ? this.#known : this.#strangers).push(resolve));
    this.#busy = true;
    try {
      return await work();
    } finally {
      const next = this.#known.shift() ?? this.#strangers.shift();
      // Still busy where somebody follows: nobody who comes in between may overtake.
      this.#busy = next !== undefined;
      next?.();
    }
  }
}
