/** The first minutes: what a new owner does once, ticked as it is done. */
import type { Web } from '../../context.js';
import type { Visit } from '../../visit.js';

export const STEPS = ['owner', 'scan', 'auto'] as const;

interface Step {
  readonly id: (typeof STEPS)[number];
  readonly done: boolean;
  /** Whether it is this visitor's to do now. */
  readonly open: boolean;
}

/** For the owner, and for whoever may become it; null once all is done. */
export function guide({ auth, panel }: Web, { role }: Visit, isMeasured: boolean): readonly Step[] | null {
  const isOwner = role === 'owner';
  if (!isOwner && (auth.hasOwner || !auth.ownLogin)) return null;
  const done = { owner: isOwner, scan: isMeasured, auto: panel.background.status().chosen };
  if (STEPS.every((id) => done[id])) return null;
  const next = STEPS.find((id) => !done[id]);
  return STEPS.map((id) => ({ id, done: done[id], open: id === next }));
}
