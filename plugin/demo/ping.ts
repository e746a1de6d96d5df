/** In the demo's place of `ping`: to the system, every member is on loopback, where all paths are equally wide. */
import { TRAIN_METHOD, WIDTH } from '../model/metric.js';
import type { Pinger } from '../probe/ping.js';
import { NODES } from './members.js';

const WIDTHS: ReadonlyMap<number, number> = new Map(Object.values(NODES).map(({ at, width }) => [at, width]));

export const demoPinger: Pick<Pinger, 'path' | 'width'> = {
  // All of them gossip: their paths are measured that way.
  path: async () => [],
  width: async (address) => {
    const value = WIDTHS.get(Number(address.split('.').at(-1)));
    return value === undefined ? [] : [{ metric: WIDTH, value, method: TRAIN_METHOD }];
  },
};
