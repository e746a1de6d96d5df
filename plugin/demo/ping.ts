/** In the demo's place of `ping`: to the system, every member is on loopback, where all paths are short and equally wide. */
import { PING_METHOD, TRAIN_METHOD, WIDTH } from '../model/metric.js';
import { pathSamples } from '../probe/path.js';
import type { Pinger } from '../probe/ping.js';
import type { Community } from './community.js';
import { pathTo } from './path.js';

export function demoPinger({ nodes, gossips }: Pick<Community, 'nodes' | 'gossips'>): Pick<Pinger, 'path' | 'width'> {
  const places = new Map(Object.values(nodes).map((node) => [node.at, { ...node, path: pathTo(node, node.at) }]));
  const place = (address: string) => places.get(Number(address.split('.').at(-1)));
  return {
    path: async (address) => {
      const path = place(address)?.path;
      // Where they gossip, their paths are measured that way.
      if (path === undefined || gossips) return [];
      const times = [path(), path()].map((ms) => (ms === null ? null : { ms }));
      return pathSamples(times, PING_METHOD);
    },
    width: async (address) => {
      const width = place(address)?.width;
      return width === undefined ? [] : [{ metric: WIDTH, value: width, method: TRAIN_METHOD }];
    },
  };
}
