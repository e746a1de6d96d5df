/** Values as answers and pages hold them: rounded, and moments in ISO 8601. */

export const round = (value: number, digits = 2) => Number(value.toFixed(digits));
export const roundOrNull = (value: number | null) => (value === null ? null : round(value));
/** @param at ms since the epoch */
export const isoOrNull = (at: number | null) => (at === null ? null : new Date(at).toISOString());
