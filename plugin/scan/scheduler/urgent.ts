/**
 * What something outside the measurements says may have changed, and is to be looked at as soon as nobody needs the node:
 * few looks, each provider rarely, and the oldest report first.
 */

const MINUTE_MS = 60_000;
/** Reports that wait, at most; further ones are left to the plan. */
const MAX_WAITING = 32;
/** Looks of this kind in an hour, at most. */
const MAX_PER_HOUR = 12;
/** A provider that is reported again within this time is left to the plan, ms. */
const REST_MS = 10 * MINUTE_MS;
/** A failure is confirmed by a second look after this, ms: two within 30 s count as one. */
const AGAIN_MS = MINUTE_MS;

export interface Report {
  readonly typeId: string;
  readonly provider: string;
  /** Further looks that follow the next one while it answers; none when left out. */
  readonly more?: number;
}

/** All times by a clock that nobody sets, ms. */
export class Urgent {
  readonly #waiting = new Map<string, Report & { readonly due: number }>();
  /** When each provider was last looked at, the oldest first. */
  readonly #looks = new Map<string, number>();
  #recent: number[] = [];

  /** @returns whether it will be looked at */
  add(report: Report, now: number): boolean {
    const { provider } = report;
    this.#forget(now);
    if (this.#waiting.has(provider)) return true;
    if (this.#looks.has(provider) || this.#waiting.size >= MAX_WAITING) return false;
    this.#waiting.set(provider, { ...report, due: now });
    return true;
  }

  /** It was taken, and somebody needs the node: it waits again, and was no look. */
  postpone(report: Report, now: number): void {
    this.#recent.pop();
    this.#looks.delete(report.provider);
    this.#wait(report, now + AGAIN_MS);
  }

  /** Its first look failed: another one decides. */
  again(report: Report, now: number): void {
    this.#wait(report, now + AGAIN_MS);
  }

  /** It answered: one look fewer is left, and follows when the provider has rested. */
  further({ more = 0, ...report }: Report, now: number): void {
    if (more > 0) this.#wait({ ...report, more: more - 1 }, now + REST_MS);
  }

  #wait(report: Report, due: number): void {
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(report.provider, { ...report, due });
  }

  /** The report that is due; it waits no longer. */
  take(now: number): Report | null {
    this.#forget(now);
    if (this.#recent.length >= MAX_PER_HOUR) return null;
    const [next] = [...this.#waiting.values()].filter(({ due }) => due <= now).sort((a, b) => a.due - b.due);
    if (!next) return null;
    this.#waiting.delete(next.provider);
    this.#looks.delete(next.provider);
    this.#looks.set(next.provider, now);
    this.#recent.push(now);
    return next;
  }

  clear(): void {
    this.#waiting.clear();
  }

  #forget(now: number): void {
    this.#recent = this.#recent.filter((at) => now - at < 60 * MINUTE_MS);
    for (const [provider, at] of this.#looks) if (now - at >= REST_MS) this.#looks.delete(provider);
  }
}
