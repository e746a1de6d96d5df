/** UTC days, counted from the epoch: what the daily tables are keyed by. */

export const DAY_MS = 86_400_000;

export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** YYYY-MM-DD */
export const dayName = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
