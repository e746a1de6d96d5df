/** When the times of an attempt were taken: a stall of our own harms a time only where it hides its beginning or its end. */

/** How long a clock ran, by `performance.now()`. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/**
 * The spans of all times that this room took in one attempt. A probe reports a time as it got it, so the number itself tells
 * which one it is: two differences of a clock that counts nanoseconds are hardly ever the same, and then both spans count.
 */
export class Times {
  readonly #spans = new Map<number, readonly Span[]>();

  /** The spans behind that value; null for one that was not taken here, or was changed since. */
  spans(value: number): readonly Span[] | null {
    return this.#spans.get(value) ?? null;
  }

  add(value: number, spans: readonly Span[]): void {
    this.#spans.set(value, [...(this.#spans.get(value) ?? []), ...spans]);
  }

  /** A value made of others, such as jitter: it has the spans of all of them. Unknown where one of them is. */
  derive(value: number, others: readonly number[]): void {
    const spans = others.map((other) => this.spans(other));
    if (spans.every((found) => found !== null)) this.add(value, spans.flat());
  }
}

/** How long a clock ran that was started at `from`, ms. It stops now, unless it was read before: at `until`. */
export function elapsed(from: number, times: Times | undefined, until: number = performance.now()): number {
  times?.add(until - from, [{ from, until }]);
  return until - from;
}
