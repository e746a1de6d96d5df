/** What babeld 1.12 answers on its local port, and AREDN's patched one. */
import { expect, it } from 'vitest';
import babeld from '../../../plugin/routing/daemons/babeld.js';

const GREETING = 'BABEL 1.0\nversion babeld-1.12.1\nhost node\nmy-id 08:cf:06:10:da:d5:c8:62\nok\n';
const VIA = 'via fe80::a858:d4ff:fefa:bff7';
const read = (...lines: string[]) => [...babeld.routes(`${GREETING}${lines.join('\n')}\nok\n`)];

it('reads the ways that are in use, with their costs and how they begin', () => {
  const routes = read(
    'add interface e0 up true ipv6 fe80::b0ad:e4ff:fecd:5568 ipv4 10.99.0.1',
    'add neighbour 562edcf59ee0 address fe80::a858:d4ff:fefa:bff7 if e0 reach ffe0 ureach 0000 rxcost 96 txcost 96 cost 96',
    'add xroute 10.99.10.1/32-0.0.0.0/0 prefix 10.99.10.1/32 from 0.0.0.0/0 metric 0',
    `add route 562edcf5a100 prefix 10.99.10.2/32 from 0.0.0.0/0 installed yes id bc:75:ab:25:fc:9b:31:eb metric 96 refmetric 0 ${VIA} if e0`,
    `add route 562edcf5b1f0 prefix 10.99.10.3/32 from 0.0.0.0/0 installed yes id 2c:90:af:b8:cb:af:cf:9d metric 192 refmetric 96 ${VIA} if e0`,
    `add route 562edcf5a1f0 prefix fd99::3/128 from ::/0 installed yes id 2c:90:af:b8:cb:af:cf:9d metric 192 refmetric 96 ${VIA} if e0`,
  );
  const common = { scale: 'babel', hops: null, gateway: 'fe80::a858:d4ff:fefa:bff7', device: 'e0' };
  expect(routes).toEqual([
    { prefix: '10.99.10.2/32', metric: 96, ...common, isNext: true },
    { prefix: '10.99.10.3/32', metric: 192, ...common },
    { prefix: 'fd99::3/128', metric: 192, ...common },
  ]);
});

it('reads the further words of other builds', () => {
  const [route] = read(
    `add route 1 prefix 10.2.3.4/32 from 0.0.0.0/0 installed yes id 02:aa:bb:ff:fe:cc:dd:ee metric 344 refmetric 96 full-metric 344 ${VIA} nexthop 10.9.9.9 if br-dtdlink table 20`,
  );
  expect(route).toMatchObject({ prefix: '10.2.3.4/32', metric: 344, device: 'br-dtdlink' });
});

it('leaves out ways that are not used, lead nowhere or everywhere, or are for some senders only', () => {
  const way = (prefix: string, from: string, installed: string, metric: number) =>
    `add route 1 prefix ${prefix} from ${from} installed ${installed} id 02:aa:bb:ff:fe:cc:dd:ee metric ${metric} refmetric 9 ${VIA} if e0`;
  const routes = read(
    way('10.0.0.1/32', '0.0.0.0/0', 'no', 96),
    way('10.0.0.2/32', '0.0.0.0/0', 'yes', 65535),
    way('0.0.0.0/0', '0.0.0.0/0', 'yes', 96),
    way('10.0.0.3/32', '10.1.0.0/16', 'yes', 96),
    way('node.example/32', '0.0.0.0/0', 'yes', 96),
  );
  expect(routes).toEqual([]);
});

it('refuses what another program says', () => {
  expect(() => [...babeld.routes('HTTP/1.1 400 Bad Request\r\n\r\n')]).toThrow('does not begin');
});
