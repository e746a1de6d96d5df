/** Lengths of time in ms, and UTC days counted from the epoch: what the daily tables are keyed by. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** YYYY-MM-DD */
export const dayName = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
