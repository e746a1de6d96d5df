/** Scans that ended a moment ago: a repeated request gets their result. */

/** How long the result of a scan serves repeated requests, ms. */
export interface Pauses {
  /** For a scan of all providers of a type. */
  readonly type: number;
  /** For one provider. */
  readonly provider: number;
}

/** A minute between scans of a type; one provider costs little. */
export const PAUSES: Pauses = { type: 60_000, provider: 10_000 };

interface Ended {
  readonly typeId: string;
  /** null = all of the type. */
  readonly provider: string | null;
  readonly job: string;
  readonly measured: ReadonlySet<string>;
  /** By `performance.now()`: a corrected clock lengthens no pause. */
  readonly at: number;
}

export class Recent {
  readonly #pauses: Pauses;
  #ended: Ended[] = [];

  constructor(pauses: Pauses) {
    this.#pauses = pauses;
  }

  /** @param measured ids of the providers of which the scan has stored something */
  add(scan: Omit<Ended, 'at'>): void {
    const at = performance.now();
    const longest = Math.max(this.#pauses.type, this.#pauses.provider);
    this.#ended = [...this.#ended.filter((scan) => at - scan.at < longest), { ...scan, at }];
  }

  /** Job of a scan that makes another one of these providers needless: it covered and measured all of them just now. */
  covering(typeId: string, provider: string | null, wanted: readonly { readonly id: string }[]): string | null {
    const pause = provider === null ? this.#pauses.type : this.#pauses.provider;
    const serves = (scan: Ended) =>
      scan.typeId === typeId &&
      (scan.provider === null || scan.provider === provider) &&
      performance.now() - scan.at < pause &&
      wanted.every(({ id }) => scan.measured.has(id));
    return this.#ended.findLast(serves)?.job ?? null;
  }
}
