/** What olsrd 1 answers: its plugin jsoninfo, and txtinfo. */
import { expect, it } from 'vitest';
import olsrd from '../../../plugin/routing/daemons/olsrd.js';

const json = (...routes: object[]) => [
  ...olsrd.routes(JSON.stringify({ pid: 1234, systemTime: 1_796_000_000, routes })),
];
const way = {
  ...{ destination: '10.31.3.226', genmask: 32, gateway: '10.31.1.7', metric: 3, etx: 2.174 },
  ...{ rtpMetricCost: 2.174, networkInterface: 'wlan0' },
};
const read = {
  ...{ prefix: '10.31.3.226/32', metric: 2.174, scale: 'etx', hops: 3, gateway: '10.31.1.7', device: 'wlan0' },
};

it('reads hops and cost of each way, and of a neighbour that it is one', () => {
  const next = { ...way, destination: '10.31.1.7', metric: 1, etx: 1 };
  expect(json(way, next, { ...way, destination: '10.40.0.0', genmask: 16 })).toEqual([
    read,
    { ...read, prefix: '10.31.1.7/32', metric: 1, hops: 1, isNext: true },
    { ...read, prefix: '10.40.0.0/16' },
  ]);
});

it('reads an answer with a header, as it comes over HTTP', () => {
  const body = JSON.stringify({ routes: [way] });
  expect([...olsrd.routes(`HTTP/1.0 200 OK\r\nContent-type: application/json\r\n\r\n${body}`)]).toEqual([read]);
});

it('reads the older text', () => {
  const text = `HTTP/1.0 200 OK
Content-type: text/plain

Table: Routes
Destination\tGateway IP\tMetric\tETX\tInterface
10.31.3.226/32\t10.31.1.7\t3\t2.174\twlan0\t
0.0.0.0/0\t10.31.1.7\t1\t1.000\twlan0\t
10.31.3.9/32\t10.31.1.7\t1\tINFINITE\twlan0\t
`;
  expect([...olsrd.routes(text)]).toEqual([read]);
});

it('leaves out what is no way', () => {
  const broken = [{ destination: 'node.olsr' }, { genmask: 33 }, { etx: 'INFINITE', rtpMetricCost: null }, { etx: -1 }];
  expect(
    json(...broken.map((fields) => ({ ...way, ...fields })), { ...way, destination: '0.0.0.0', genmask: 0 }),
  ).toEqual([]);
  const [odd] = json({ ...way, gateway: '<b>', networkInterface: 'wlan0; reboot' });
  expect(odd).toMatchObject({ gateway: null, device: null });
});

it('refuses what another program says', () => {
  expect(() => [...olsrd.routes('HTTP/1.1 404 Not Found\r\n\r\n404 page not found')]).toThrow('no table');
  expect(() => [...olsrd.routes('{"status":"success"}')]).toThrow('no routes');
  expect(() => [...olsrd.routes('{"routes":')]).toThrow('not JSON');
});
