/** How a thread that measures may break down. */
export const WAYS = ['throws', 'exits', 'runs out of memory', 'loops for ever'] as const;
export type Way = (typeof WAYS)[number];
