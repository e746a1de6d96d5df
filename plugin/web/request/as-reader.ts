/** What a visitor may see: the owner's marks, ratings and actions are the owner's, and a reader sees the list without them. */
import type { Job } from '../../model/job.js';
import type { ProviderView, TypeSummary } from '../../panel/contract.js';
import { worthUsing } from '../../present/provider.js';
import { withoutOwnerMarks } from '../../score/rank.js';
import type { Usable } from '../../services/contract.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

export type VisibleProvider = ProviderView & {
  /** The type's providers that this node recommends to programs, best first (`worthUsing`). */
  readonly usable: readonly Usable[];
};

/** The type, or its summary, as this visitor may see it. */
export function typeFor<T extends TypeSummary>({ role }: Visit, view: T): T {
  if (role === 'owner') return view;
  const ranked = withoutOwnerMarks(view.ranked);
  return { ...view, ranked, best: ranked.find(({ recommended }) => recommended) ?? null };
}

/** The provider as this visitor may see it. */
export function providerFor(visit: Visit, found: ProviderView): VisibleProvider {
  const view = typeFor(visit, found.view);
  const ranked = view.ranked.find(({ provider }) => provider.id === found.ranked.provider.id) ?? found.ranked;
  return { ...found, view, ranked, usable: worthUsing(found.view) };
}

/**
 * The job as this visitor may see it. An error may name files, units and addresses of this node: readers get only its kind.
 */
export function jobFor({ locales }: Web, { role, api }: Visit, job: Job): Job {
  if (role === 'owner' || job.error === null) return job;
  const { code } = job.error;
  const { t } = locales('en');
  // A page has the texts of the code in its own language.
  const [message, hint] = api ? [t(`error.${code}`), t(`error.${code}.hint`)] : ['', ''];
  return { ...job, error: { code, message, hint } };
}
