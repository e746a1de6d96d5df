/** What to measure next: pure, so that the simulation can prove the very code that the scheduler runs. */

/** A provider that may be probed, as the choice sees it. */
export interface Candidate {
  readonly id: string;
  readonly type: string;
  readonly host: string;
  /** Newest attempt, ms since the epoch; null = never. */
  readonly measuredAt: number | null;
  /** Failures in a row, counted from the newest attempt. */
  readonly failures: number;
  readonly score: number | null;
  /** Upper bound of the score: what it may be worth at best. */
  readonly high: number | null;
  readonly recommended: boolean;
  /** Round-trip time guessed from Serf's coordinates, ms; null = unknown. */
  readonly estimate: number | null;
  /** Shortest time between two background probes of it, ms. */
  readonly gapMs: number;
}

/** The one worth a probe now; null when none is due. `now` in ms since the epoch, `random` gives 0 ≤ x < 1. */
export function chooseNext(candidates: readonly Candidate[], now: number, random: () => number): Candidate | null {
  const due = candidates.filter(({ measuredAt, gapMs }) => measuredAt === null || now - measuredAt >= gapMs);
  return due[Math.floor(random() * due.length)] ?? null;
}
