/** What batctl writes (2023.0), beside the kernel's table of neighbours. */
import { expect, it } from 'vitest';
import batman from '../../../plugin/routing/daemons/batman.js';

const [NEXT, FAR, CLIENT] = ['ae:1b:bf:52:25:58', '12:6d:7d:6f:f9:03', '1e:df:a8:43:c4:d5'];
const way = (orig_address: string, more: object) => ({
  ...{ best: true, hard_ifindex: 3, hard_ifname: 'wlan0', last_seen_msecs: 4380, neigh_address: NEXT, orig_address },
  ...more,
});
const clients = [{ best: true, orig_address: FAR, tt_address: CLIENT, tt_crc32: 3191293109, tt_vid: -1 }];
const ARP = `IP address       HW type     Flags       HW address            Mask     Device
10.130.0.7       0x1         0x2         ${NEXT}     *        bat0
10.130.0.9       0x1         0x2         ${CLIENT.toUpperCase()}     *        bat0
10.130.0.11      0x1         0x0         00:00:00:00:00:00     *        bat0
10.130.0.12      0x1         0x2         aa:aa:aa:aa:aa:aa     *        eth0
`;
/** As two commands write it, one after the other. */
const read = (originators: object[]) => [
  ...batman.routes(`${JSON.stringify(originators, null, 1)}\n${JSON.stringify(clients, null, 1)}\n\0${ARP}`),
];

it('reads how much arrives, of nodes and of what is behind them, by the address of each', () => {
  const routes = read([way(NEXT, { tq: 251 }), way(FAR, { tq: 77 }), { ...way(FAR, { tq: 200 }), best: undefined }]);
  const common = { scale: 'tq', hops: null, gateway: '10.130.0.7', device: 'wlan0' };
  expect(routes).toEqual([
    { ...common, prefix: '10.130.0.7/32', metric: 251, isNext: true },
    { ...common, prefix: '10.130.0.9/32', metric: 77 },
  ]);
});

it('reads the rates of B.A.T.M.A.N. V', () => {
  expect(read([way(FAR, { throughput: 43_300 })])).toMatchObject([{ metric: 43_300_000, scale: 'rate' }]);
});

it('refuses what is no list', () => {
  expect(() => [...batman.routes(`\0${ARP}`)]).toThrow('no list');
  expect(() => [...batman.routes(`Error - interface bat0 not found\0${ARP}`)]).toThrow('not JSON');
});
