/** The demo community as a source of announcements: always up, never changing. */
import type { SourceType } from '../discovery/source.js';
import type { DemoCommunity } from './index.js';

type Shown = Pick<DemoCommunity, 'found' | 'skipped'>;

/**
 * The source does not own the community: who started it closes it.
 * @param shown null where no community runs: then there is nothing to open
 */
export const demoSource = (shown: Shown | null): SourceType => ({
  id: 'demo',
  title: { ca: 'demostració', es: 'demostración', en: 'demo', de: 'Demo' },
  order: 100,
  trust: 'owner',
  isSet: () => false,
  open: (_, { now }) => shown && openDemo(shown, now),
});

/**
 * Every source of the panel, of which the demo's is open: a community of another network comes from that network's source.
 * @param loaded what `loadSources` has read
 */
export function withDemo(
  loaded: readonly SourceType[],
  shown: (Shown & Pick<DemoCommunity, 'community'>) | null,
): { readonly sources: readonly SourceType[]; readonly demo: SourceType } {
  const theirs = shown && loaded.find(({ id }) => id === shown.community.source);
  const own = demoSource(theirs ? null : shown);
  if (!theirs || !shown) return { sources: [...loaded, own], demo: own };
  const { id, title, order, trust } = theirs;
  const demo: SourceType = {
    ...{ id, title, order, trust, isSet: () => false },
    open: (_, { now }) => openDemo(shown, now),
  };
  return { sources: [...loaded.map((type) => (type === theirs ? demo : type)), own], demo };
}

function openDemo({ found, skipped }: Shown, now: () => number): ReturnType<SourceType['open']> {
  const counts: Record<string, number> = {};
  for (const { reason } of skipped) counts[reason] = (counts[reason] ?? 0) + 1;
  return {
    status: () => ({ state: 'up', lastUp: now(), read: found.length, skipped: counts }),
    sightings: () => found.map((row) => ({ ...row, self: false, heardAt: null })),
    skippedRows: () => skipped.map((row) => ({ ...row, heardAt: now() })),
    onChange: () => () => {},
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
    isLocal: () => true,
  };
}
