/** The demo community as a source of announcements: always up, never changing. */
import type { Source } from '../discovery/source.js';
import type { DemoCommunity } from './index.js';

/** The source does not own the community: whoever started it closes it. */
export function demoSource({ announcements }: DemoCommunity, now: () => number = Date.now): Source {
  return {
    name: 'demo',
    status: () => ({ name: 'demo', state: 'up', lastUp: now(), read: announcements.length, skipped: {} }),
    sightings: () => announcements.map((announcement) => ({ announcement, self: false, heardAt: null })),
    onChange: () => () => {},
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
    isLocal: () => true,
  };
}
