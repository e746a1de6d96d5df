/** The demo community as a source of announcements: always up, never changing. */
import type { SourceType } from '../discovery/source.js';
import type { DemoCommunity } from './index.js';

/**
 * The source does not own the community: who started it closes it.
 * @param community null where none runs: then there is nothing to open
 */
export const demoSource = (community: Pick<DemoCommunity, 'announcements'> | null): SourceType => ({
  id: 'demo',
  title: { ca: 'demostració', es: 'demostración', en: 'demo', de: 'Demo' },
  order: 100,
  trust: 'owner',
  isSet: () => false,
  open: (_, { now }) =>
    community && {
      status: () => ({ state: 'up', lastUp: now(), read: community.announcements.length, skipped: {} }),
      sightings: () => community.announcements.map((announcement) => ({ announcement, self: false, heardAt: null })),
      onChange: () => () => {},
      ready: () => Promise.resolve(),
      close: () => Promise.resolve(),
      isLocal: () => true,
    },
});
