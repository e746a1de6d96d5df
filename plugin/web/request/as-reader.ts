/** What the owner has marked, rated and done is the owner's: everybody else sees the list as if nothing were. */
import type { Job } from '../../model/job.js';
import type { Provider } from '../../model/provider.js';
import type { ProviderView, TypeSummary } from '../../panel/contract.js';
import { worthUsing } from '../../present/provider.js';
import { unmarked } from '../../score/rank.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

export type VisibleProvider = ProviderView & {
  /** What this node hands out of the type, best first (`worthUsing`). */
  readonly usable: readonly Provider[];
};

/** The type, or its line of the overview, as this visitor may see it. */
export function typeFor<T extends TypeSummary>({ role }: Visit, view: T): T {
  if (role === 'owner') return view;
  const ranked = unmarked(view.ranked);
  return { ...view, ranked, best: ranked.find(({ recommended }) => recommended) ?? null };
}

/** The provider as this visitor may see it. */
export function providerFor(visit: Visit, found: ProviderView): VisibleProvider {
  const view = typeFor(visit, found.view);
  const ranked = view.ranked.find(({ provider }) => provider.id === found.ranked.provider.id) ?? found.ranked;
  return { ...found, view, ranked, usable: worthUsing(found.view) };
}

/**
 * The job as this visitor may see it. Why one failed may name files, units and addresses of this node: readers are told what
 * kind of failure it was.
 */
export function jobFor({ locales }: Web, { role, api }: Visit, job: Job): Job {
  if (role === 'owner' || job.error === null) return job;
  const { code } = job.error;
  const { t } = locales('en');
  // A page has the sentences of the code in its own language.
  const [message, hint] = api ? [t(`error.${code}`), t(`error.${code}.hint`)] : ['', ''];
  return { ...job, error: { code, message, hint } };
}
