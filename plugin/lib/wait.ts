/** A wait for the network: ends with its event, at its limit or with the abort, and leaves no timer and no listener. */

interface Wait<T> {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** The outcome at the limit. */
  readonly atLimit: () => T;
  /**
   * Starts listening. `end` takes a function, so that what it throws rejects the wait instead of crashing an event handler.
   * @returns a function that stops listening
   */
  readonly listen: (end: (outcome: () => T) => void) => () => void;
}

/** Resolves with the event or the limit, whichever comes first; rejects with the signal's reason once it aborts. */
export function waitFor<T>({ signal, limitMs, atLimit, listen }: Wait<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let release: (() => void) | undefined;
    let ended = false;
    const end = (outcome: () => T) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      release?.();
      try {
        resolve(outcome());
      } catch (error) {
        reject(error);
      }
    };
    const onAbort = () =>
      end(() => {
        throw signal.reason;
      });
    const timer = setTimeout(() => end(atLimit), limitMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      release = listen(end);
    } catch (error) {
      end(() => {
        throw error;
      });
    }
    // `listen` may already have ended it.
    if (ended) release?.();
  });
}
