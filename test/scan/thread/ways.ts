/** How a thread that measures may break down, and the channel on which all of a process are told to. */
export const WAYS = ['throws', 'exits', 'runs out of memory', 'loops for ever'] as const;
export type Way = (typeof WAYS)[number];
export const BREAKS = 'breaks';
