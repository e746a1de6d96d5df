/** What the owner has pinned and hidden is the owner's: everybody else sees the list as if nothing were. */
import type { ProviderView, TypeSummary } from '../panel.js';
import { unmarked } from '../score/rank.js';
import type { Visit } from './visit.js';

/** The type, or its line of the overview, as this visitor may see it. */
export function seenType<T extends TypeSummary>({ role }: Visit, view: T): T {
  if (role === 'owner') return view;
  const ranked = unmarked(view.ranked);
  return { ...view, ranked, best: ranked.find(({ recommended }) => recommended) ?? null };
}

/** The provider as this visitor may see it. */
export function seenProvider(visit: Visit, found: ProviderView): ProviderView {
  const view = seenType(visit, found.view);
  const ranked = view.ranked.find(({ provider }) => provider.id === found.ranked.provider.id) ?? found.ranked;
  return { ...found, view, ranked };
}
