/** The readers of routing daemons against Debian's own: babeld, BIRD and FRR, three nodes in a row, each in its namespace. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import babeld from '../../plugin/routing/daemons/babeld.js';
import bird from '../../plugin/routing/daemons/bird.js';
import frr from '../../plugin/routing/daemons/frr.js';
import {
  addRouters,
  CONVERGE_LIMIT_MS,
  readUntil,
  remove,
  socketFolder,
  startBabeld,
  startBird,
  startFrr,
} from './mesh-routers.js';
import { Network } from './namespaces.js';

vi.setConfig({ testTimeout: 3 * CONVERGE_LIMIT_MS });

let net: Network;
let folder: string;

beforeEach(() => {
  net = new Network();
  folder = socketFolder();
  addRouters(net, ['a', 'b', 'c']);
  net.join(['a', '10.98.0.1/30'], ['b', '10.98.0.2/30']);
  net.join(['b', '10.98.1.1/30'], ['c', '10.98.1.2/30']);
});
afterEach(async () => {
  await net.remove();
  remove(folder);
});

const LINKS = { a: ['cable0'], b: ['cable0', 'cable1'], c: ['cable1'] } as const;
const NAMES = ['a', 'b', 'c'] as const;
const FAR = '10.99.0.3/32';
const isFar = ({ prefix }: { prefix: string }) => prefix === FAR;

it('babeld tells costs, and which neighbour is who', async () => {
  const sockets = NAMES.map((name) => {
    const links = Object.fromEntries(LINKS[name].map((link) => [link, link === 'cable1' ? 200 : 96]));
    return startBabeld(net, name, folder, links).socket;
  });
  const routes = await readUntil(babeld, sockets[0] as string, isFar);
  const common = { scale: 'babel', hops: null, device: 'cable0', gateway: expect.stringMatching(/^fe80::/) };
  expect(routes.find(isFar)).toEqual({ ...common, prefix: FAR, metric: 296 });
  const isNext = ({ prefix }: { prefix: string }) => prefix === '10.99.0.2/32';
  const all = await readUntil(babeld, sockets[0] as string, isNext);
  expect(all.find(isNext)).toEqual({
    ...{ ...common, prefix: '10.99.0.2/32', metric: 96, isNext: true },
  });
});

it('BIRD tells Babel’s costs and OSPF’s', async () => {
  const babel = (link: string) => `interface "${link}" { type wired; hello interval 1 s; update interval 2 s; };`;
  const ospf = (link: string) => `interface "${link}" { cost 30; hello 1; dead 4; type ptp; };`;
  const protocols = (name: (typeof NAMES)[number], number: number) => `
router id 10.99.0.${number};
protocol direct { ipv4; interface "lo"; }
protocol babel mesh { ipv4 { export where source ~ [ RTS_DEVICE, RTS_BABEL ]; }; ${LINKS[name].map(babel).join(' ')} }
protocol ospf v2 backbone { ipv4 { preference 10; }; area 0 { ${LINKS[name].map(ospf).join(' ')} }; }
`;
  const sockets = NAMES.map((name, index) => startBird(net, name, folder, protocols(name, index + 1)));
  const socket = sockets[0] as string;
  const routes = await readUntil(bird, socket, isFar);
  expect(routes.find(isFar)).toEqual({
    ...{ prefix: FAR, metric: 192, scale: 'babel', hops: null, gateway: '10.98.0.2', device: 'cable0' },
  });
  const link = '10.98.1.0/30';
  const all = await readUntil(bird, socket, ({ prefix }) => prefix === link);
  expect(all.find(({ prefix }) => prefix === link)).toEqual({
    ...{ prefix: link, metric: 60, scale: 'ospf', hops: null, gateway: '10.98.0.2', device: 'cable0' },
  });
});

it('FRR tells OSPF’s costs, to who is in its group', async () => {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'frr'], { encoding: 'utf8' }));
  const user = [id('-u'), id('-g')] as const;
  const quick =
    ' ip ospf hello-interval 1\n ip ospf dead-interval 4\n ip ospf network point-to-point\n ip ospf cost 30\n';
  const ospf = (name: (typeof NAMES)[number], number: number) =>
    `${LINKS[name].map((link) => `interface ${link}\n${quick}`).join('')}router ospf
 ospf router-id 10.99.0.${number}
 network 10.98.0.0/15 area 0
`;
  const sockets = NAMES.map((name, index) => startFrr(net, name, folder, ospf(name, index + 1), user));
  const routes = await readUntil(frr, sockets[0] as string, isFar);
  expect(routes.find(isFar)).toEqual({
    ...{ prefix: FAR, metric: 60, scale: 'ospf', hops: null, gateway: '10.98.0.2', device: 'cable0' },
  });
});
