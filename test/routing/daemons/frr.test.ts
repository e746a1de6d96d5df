/** What zebra of FRR 8.4 answers to `show ip route json`. */
import { expect, it } from 'vitest';
import frr from '../../../plugin/routing/daemons/frr.js';

/** One way of the table, without the fields that nobody reads. */
const way = (protocol: string, metric: number, nexthops: readonly object[], selected = true) => ({
  ...{ protocol, vrfName: 'default', ...(selected && { selected, destSelected: true }), distance: 110, metric },
  ...{ installed: true, table: 254, uptime: '00:00:10', nexthops },
});
const via = (ip: string, interfaceName = 'e0') => ({
  flags: 3,
  fib: true,
  ip,
  afi: 'ipv4',
  interfaceName,
  active: true,
});
const read = (v4: object, v6: object = {}) => [
  ...frr.routes([v4, v6].map((table) => JSON.stringify(table)).join('\0')),
];

it('reads the selected way of each range', () => {
  const routes = read(
    {
      '10.99.0.0/30': [
        way('ospf', 30, [{ interfaceName: 'e0' }], false),
        way('connected', 0, [{ interfaceName: 'e0' }]),
      ],
      '10.99.10.2/32': [way('ospf', 60, [via('10.99.0.2'), via('10.99.0.6', 'e1')])],
      '10.99.20.0/24': [way('babel', 344, [via('10.99.0.2')])],
      '10.99.30.0/24': [way('bgp', 100, [via('10.99.0.3')])],
      '10.99.40.0/24': [way('rip', 3, [via('10.99.0.3')])],
      '0.0.0.0/0': [way('ospf', 10, [via('10.99.0.3')])],
    },
    { 'fd99::/64': [way('ospf6', 20, [via('fe80::1')])] },
  );
  const common = { hops: null, gateway: '10.99.0.2', device: 'e0' };
  expect(routes).toEqual([
    { ...common, prefix: '10.99.10.2/32', metric: 60, scale: 'ospf' },
    { ...common, prefix: '10.99.20.0/24', metric: 344, scale: 'babel' },
    { ...common, prefix: '10.99.30.0/24', metric: null, scale: 'other', gateway: '10.99.0.3' },
    { ...common, prefix: '10.99.40.0/24', metric: 3, scale: 'other', hops: 3, gateway: '10.99.0.3' },
    { ...common, prefix: 'fd99::/64', metric: 20, scale: 'ospf', gateway: 'fe80::1' },
  ]);
});

it('refuses what is no table', () => {
  expect(() => [...frr.routes('% Unknown command')]).toThrow('not JSON');
  expect(() => [...frr.routes('[]')]).toThrow('not a table');
});
