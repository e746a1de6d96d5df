/** What the owner has pinned and hidden is the owner's: everybody else sees the list as if nothing were. */
import type { ProviderView, TypeView } from '../panel.js';
import type { Ranked } from '../score/rank.js';
import type { Visit } from './visit.js';

const unmarked = (one: Ranked): Ranked => (one.pinned || one.hidden ? { ...one, pinned: false, hidden: false } : one);

/** The type as this visitor may see it. */
export function seenType({ role }: Visit, view: TypeView): TypeView {
  return role === 'owner' ? view : { ...view, ranked: view.ranked.map(unmarked) };
}

/** The provider as this visitor may see it. */
export function seenProvider({ role }: Visit, found: ProviderView): ProviderView {
  return role === 'owner' ? found : { ...found, ranked: unmarked(found.ranked) };
}
