/** What a source has left out, row by row, so that its counts can be looked into. */

import { cleanText } from '../lib/text.js';

export interface SkippedRow {
  /** Who announced it, and as what; null where that cannot be read. Strangers' texts, cleaned. */
  readonly node: string | null;
  readonly type: string | null;
  readonly reason: string;
  /** When it was read, ms since the epoch. */
  readonly heardAt: number;
}

/** Of the second of two providers that share an id. */
export const SAME_ID = 'same-id';

/** Every reason that a source gives. */
export const SKIP_REASONS = [
  ...['bad-base64', 'bad-bzip2', 'bad-json', 'bad-entry', 'bad-type', 'bad-address', 'bad-port'],
  ...['too-large', 'too-many', 'malformed', SAME_ID],
] as const;

/** Rows kept of one source. */
export const SKIPPED_KEPT = 200;
/** As long as the word of a type may be, characters. */
const TYPE_CAP = 32;

/** As many as are kept, those of the rarest reasons first: a flood of one hides no other. */
export function keptOf(rows: Iterable<SkippedRow>): readonly SkippedRow[] {
  const byReason = new Map<string, SkippedRow[]>();
  for (const row of rows) {
    const known = byReason.get(row.reason);
    if (known === undefined) byReason.set(row.reason, [row]);
    else if (known.length < SKIPPED_KEPT) known.push(row);
  }
  return [...byReason.values()]
    .sort((one, other) => one.length - other.length)
    .flat()
    .slice(0, SKIPPED_KEPT);
}

/** Adds the row; the oldest goes where they become too many. */
export function keepNewest(rows: SkippedRow[], row: SkippedRow): void {
  if (rows.push(row) > SKIPPED_KEPT) rows.shift();
}

/** What an entry that cannot be used says of itself all the same. */
export function saidIn(value: unknown): Pick<SkippedRow, 'node' | 'type'> {
  const { s, m, i } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  return { node: cleanText(m) || cleanText(i) || null, type: cleanText(s, TYPE_CAP) || null };
}
