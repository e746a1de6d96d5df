/** What BIRD 2.0 answers on its control socket. */
import { expect, it } from 'vitest';
import bird from '../../../plugin/routing/daemons/bird.js';

const GREETING = '0001 BIRD 2.0.12 ready.\n';
const PROTOCOLS = `2002-Name       Proto      Table      State  Since         Info
1002-device1    Device     ---        up     15:35:35.503  
 direct1    Direct     ---        up     15:35:35.503  
 mesh       Babel      ---        up     15:35:35.503  
 o4         OSPF       master4    up     15:35:35.503  Running
 uplink     BGP        ---        up     15:35:35.503  Established   
 old        RIP        master4    up     15:35:35.503  
 static1    Static     master4    up     15:35:35.503  
0000 
`;
const read = (routes: string) => [...bird.routes(`${GREETING}${PROTOCOLS}${routes}0000 \n`)];

it('reads the ways of Babel, whatever their owner calls it, of both families', () => {
  const routes = read(`1007-Table master4:
 10.99.10.1/32        unicast [direct1 15:35:35.503] * (240)
 \tdev lo
 10.99.10.3/32        unicast [mesh 15:35:36.534 from fe80::a858:d4ff:fefa:bff7] * (130/192) [00:00:00:00:0a:63:0a:03]
 \tvia 10.99.0.2 on e0
 10.99.10.4/32        unreachable [mesh 15:35:36.534] * (130/65535) [00:00:00:00:0a:63:0a:04]
 
 Table master6:
 fd99::3/128          unicast [mesh 15:35:36.534] * (130/192) [00:00:00:00:0a:63:0a:03]
 \tvia fe80::a858:d4ff:fefa:bff7 on e0
`);
  const common = { metric: 192, scale: 'babel', hops: null, device: 'e0' };
  expect(routes).toEqual([
    { ...common, prefix: '10.99.10.3/32', gateway: '10.99.0.2' },
    { ...common, prefix: 'fd99::3/128', gateway: 'fe80::a858:d4ff:fefa:bff7' },
  ]);
});

it('reads OSPF and RIP, of BGP only how the way begins, and nothing that a person wrote', () => {
  const routes = read(`1007-Table master4:
 10.1.0.0/24          unicast [o4 15:35:36] * I (150/30) [10.99.10.2]
 \tvia 10.99.0.2 on e0 weight 1
 \tvia 10.99.0.6 on e1 weight 1
 10.2.0.0/24          unicast [o4 15:35:36] * E2 (150/30/10000) [10.99.10.2]
 \tvia 10.99.0.2 on e0
 10.3.0.0/24          unicast [uplink 15:35:36] * (100) [AS65001i]
 \tvia 10.99.0.3 on e1
 10.4.0.0/24          unicast [old 15:35:36] * (120/3)
 \tvia 10.99.0.4 on e1
 10.5.0.0/24          unicast [static1 15:35:36] * (200)
 \tvia 10.99.0.4 on e1
 0.0.0.0/0            unicast [uplink 15:35:36] * (100) [AS65001i]
 \tvia 10.99.0.3 on e1
`);
  expect(routes.map(({ prefix, metric, scale, hops, gateway }) => [prefix, metric, scale, hops, gateway])).toEqual([
    ['10.1.0.0/24', 30, 'ospf', null, '10.99.0.2'],
    ['10.2.0.0/24', 30, 'ospf', null, '10.99.0.2'],
    ['10.3.0.0/24', null, 'other', null, '10.99.0.3'],
    ['10.4.0.0/24', 3, 'other', 3, '10.99.0.4'],
  ]);
});

it('refuses what another program says', () => {
  expect(() => [...bird.routes('SSH-2.0-OpenSSH\r\n')]).toThrow('does not begin');
});
