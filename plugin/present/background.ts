/** What measuring in the background is doing. */
import type { Panel } from '../panel/contract.js';
import { isoOrNull } from './figures.js';

export function backgroundModel({ background }: Pick<Panel, 'background'>) {
  const { on, next, waiting, spentToday, budget, last } = background.status();
  return {
    on,
    next: isoOrNull(next),
    waiting,
    /** Bytes of the last 24 hours, and the most that leaves room for a person's own scans. */
    spentToday,
    budget,
    last: last && { ...last, at: new Date(last.at).toISOString() },
  };
}
