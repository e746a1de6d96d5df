/** What a source has left out, row by row, so that its counts can be looked into. */

import { publicText } from './secrets.js';

export interface SkippedRow {
  /** Who announced it, and as which type; null where that cannot be read. Strangers' texts, cleaned. */
  readonly node: string | null;
  readonly type: string | null;
  readonly reason: string;
  /** When it was read, ms since the epoch. */
  readonly heardAt: number;
}

/** Reason for the second of two providers that share an id. */
export const SAME_ID = 'same-id';

/** Every reason for which an entry is skipped. */
export const SKIP_REASONS = [
  ...['bad-base64', 'bad-bzip2', 'bad-json', 'bad-entry', 'bad-type', 'bad-address', 'bad-port'],
  ...['bad-link', 'unknown-name'],
  ...['too-large', 'too-many', 'malformed', SAME_ID],
] as const;

/** Rows stored of one source. */
export const SKIPPED_ROWS_CAP = 200;
/** Longest id of a service type, characters. */
const TYPE_CAP = 32;

/** At most as many as are stored, the rarest reasons first: a flood of one reason hides no other. */
export function capRows(rows: Iterable<SkippedRow>): readonly SkippedRow[] {
  const byReason = new Map<string, SkippedRow[]>();
  for (const row of rows) {
    const known = byReason.get(row.reason);
    if (known === undefined) byReason.set(row.reason, [row]);
    else if (known.length < SKIPPED_ROWS_CAP) known.push(row);
  }
  return [...byReason.values()]
    .sort((one, other) => one.length - other.length)
    .flat()
    .slice(0, SKIPPED_ROWS_CAP);
}

/** Adds the row, and drops the oldest beyond the cap. */
export function keepNewest(rows: SkippedRow[], row: SkippedRow): void {
  if (rows.push(row) > SKIPPED_ROWS_CAP) rows.shift();
}

/** Who announced an unusable entry, and as what, as far as it can be read. */
export function readOrigin(value: unknown): Pick<SkippedRow, 'node' | 'type'> {
  const { s, m, i } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  return { node: publicText(m) || publicText(i) || null, type: publicText(s, TYPE_CAP) || null };
}
