/** A long list is not merged at each change; who listens hears of the last one all the same. */
import { expect, it, onTestFinished } from 'vitest';
import type { Sighting, SourceType } from '../../plugin/discovery/source.js';
import { createDiscovery } from './create.js';

const MANY = 600;

function longList() {
  let description = 'before';
  let change = () => {};
  const sighting = (at: number): Sighting => ({
    announcement: {
      ...{ type: 'dnsservice', node: `node${at}`, host: '', address: `10.0.${at >> 8}.${at & 255}`, port: 53 },
      ...{ description, community: '', txt: new Map(), gossip: null },
    },
    self: false,
    heardAt: null,
    announcer: `node${at}`,
  });
  const type: SourceType = {
    ...{ id: 'long', title: { ca: '', es: '', en: '', de: '' }, order: 1, trust: 'anyone', isSet: () => true },
    open: () => ({
      status: () => ({ state: 'up', lastUp: null, read: MANY, skipped: {} }),
      sightings: () => Array.from({ length: MANY }, (_, at) => sighting(at)),
      onChange: (listener) => {
        change = listener;
        return () => {};
      },
      ready: async () => {},
      close: async () => {},
    }),
  };
  const discovery = createDiscovery({ config: {}, sources: [type] });
  onTestFinished(() => discovery.close());
  const turn = (text: string) => {
    description = text;
    change();
  };
  return { discovery, turn };
}

it('hears of a change that came between another and its telling, after somebody had read', async () => {
  const { discovery, turn } = longList();
  const read = () => discovery.providers()[0]?.description;
  const heard = new Promise<void>((resolve) => {
    discovery.onChange(() => read() === 'last' && resolve());
  });
  turn('first');
  expect(read()).toBe('first');
  turn('last');
  // The list rests now, since it is long, and was merged a moment ago: the telling of the first change comes too soon.
  await heard;
});
