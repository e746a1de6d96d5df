/** What measuring in the background is doing, and within which bounds. */
import type { Ranked } from '../model/ranked.js';
import type { Panel } from '../panel/contract.js';
import { isOfferedHere } from '../scan/target.js';
import { isoOrNull } from './figures.js';

export function backgroundModel({ background }: Pick<Panel, 'background'>) {
  const { on, next, waiting, spentToday, budget, limit, chosenBudget, hours, last } = background.status();
  return {
    on,
    next: isoOrNull(next),
    waiting,
    /** Bytes of the last 24 hours, and the most that leaves room for a person's own scans. */
    spentToday,
    budget,
    /** The most that the owner may make of the budget, and what the owner made of it (null = the most), bytes. */
    limit,
    chosenBudget,
    /** By the local clock; `to` 24 is midnight. */
    hours,
    last: last && { ...last, at: new Date(last.at).toISOString() },
  };
}

/** Whether background measurements will try those providers that never were: they need a choice, and only what is offered. */
export function looksAround({ background }: Pick<Panel, 'background'>, ranked: readonly Ranked[]): boolean {
  return background.status().on && ranked.filter(({ provider }) => isOfferedHere(provider)).length > 1;
}
