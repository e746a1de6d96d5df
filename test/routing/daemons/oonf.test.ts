/** What olsrd2 answers to `olsrv2info json route`. */
import { expect, it } from 'vitest';
import oonf from '../../../plugin/routing/daemons/oonf.js';

const way = {
  ...{ route_dst: '10.31.3.226', route_gw: '10.31.1.7', route_src_ip: '10.31.1.1', route_src_prefix: '-' },
  ...{ route_metric: 2, route_table: 254, route_proto: 100, route_if: 'wlan0', route_ifindex: 4 },
  ...{ route_lasthop: '10.31.1.9', domain: '0', domain_metric: 'ff_dat_metric', domain_metric_out: '5.123 Mbit/s' },
  ...{ domain_metric_out_raw: 2105, domain_path_hops: 3 },
};
const read = (...route: object[]) => [...oonf.routes(`${JSON.stringify({ route })}\n> `)];

it('reads cost and hops of each way, between the prompts', () => {
  const next = {
    ...way,
    route_dst: 'fd00::7/128',
    route_gw: 'fe80::7',
    domain_metric_out_raw: 300,
    domain_path_hops: 1,
  };
  const common = { scale: 'other', device: 'wlan0' };
  expect(read(way, next, { ...way, route_dst: '10.40.0.0/16', route_src_prefix: '10.9.0.0/16' })).toEqual([
    { ...common, prefix: '10.31.3.226/32', metric: 2105, hops: 3, gateway: '10.31.1.7' },
    { ...common, prefix: 'fd00::7/128', metric: 300, hops: 1, gateway: 'fe80::7', isNext: true },
  ]);
});

it('refuses what is no table of routes', () => {
  expect(() => [...oonf.routes('Unknown command "olsrv2info"\n> ')]).toThrow('not JSON');
  expect(() => [...oonf.routes('{"node":[]}')]).toThrow('no routes');
});
