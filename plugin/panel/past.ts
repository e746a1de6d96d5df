/** Whether the demo has the past that is made up for it: one that begins as new has only what this panel measures. */
import { type Config, DEMO_NAMES } from '../config/index.js';
import type { Store } from '../store/index.js';

/** Of the setting that says so, for each community. */
export const pastKey = (source: string | null) => (source === null ? 'demo-past' : `demo-past-${source}`);

export function hasMadeUpPast({ settings }: Pick<Store, 'settings'>, { demo }: Pick<Config, 'demo'>): boolean {
  return settings.get(pastKey(DEMO_NAMES.find((name) => name === demo) ?? null)) !== null;
}
