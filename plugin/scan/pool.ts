/** Runs work over many targets politely: a limited number at once, and never two towards one host. */

/** One pool serves every scan: the limits are the node's, whatever types are scanned at the same time. */
export class Pool {
  readonly #concurrency: number;
  /** Hosts that something runs towards. */
  readonly #busy = new Set<string>();
  /** Called when some work has ended. */
  readonly #waiting = new Set<() => void>();

  /** @param concurrency how much runs at once */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /**
   * Calls `work` for every item, in order as far as the limits allow; resolves when all have ended.
   * Stops taking new items when the signal aborts. What `work` throws is thrown once the others have ended.
   */
  async each<T>(
    items: readonly T[],
    { host, signal }: { host: (item: T) => string; signal: AbortSignal },
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    const left = [...items];
    const running: Promise<void>[] = [];
    const errors: unknown[] = [];
    while (left.length > 0 && !signal.aborted) {
      const next = this.#busy.size < this.#concurrency ? left.findIndex((item) => !this.#busy.has(host(item))) : -1;
      const [item] = next < 0 ? [] : left.splice(next, 1);
      if (item === undefined) await this.#change(signal);
      else running.push(this.#run(host(item), () => work(item)).catch((error: unknown) => void errors.push(error)));
    }
    await Promise.all(running);
    if (errors.length > 0) throw errors[0];
  }

  async #run(host: string, work: () => Promise<void>): Promise<void> {
    this.#busy.add(host);
    try {
      await work();
    } finally {
      this.#busy.delete(host);
      for (const wake of [...this.#waiting]) wake();
    }
  }

  /** Resolves when something has ended, or when the signal aborts. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
