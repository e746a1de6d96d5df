import { request } from 'node:http';
import { connect } from 'node:net';
import { streamDecode, streamEncode } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type DemoCommunity, startDemo } from '../../plugin/demo/index.js';
import { NODES } from '../../plugin/demo/members.js';
import { overTcp, pathTo } from '../../plugin/demo/path.js';
import { demoPinger } from '../../plugin/demo/ping.js';
import { demoSource } from '../../plugin/demo/source.js';
import type { ProbeResult } from '../../plugin/probe/index.js';
import { Times } from '../../plugin/probe/times.js';
import type { ServiceRegistry } from '../../plugin/services/contract.js';
import { loadServices } from '../../plugin/services/index.js';
import { createDiscovery } from '../discovery/create.js';

const network = '127.78.1';
let demo: DemoCommunity;
let services: ServiceRegistry;
beforeAll(async () => {
  [demo, services] = await Promise.all([startDemo({ network }), loadServices()]);
});
afterAll(() => demo.close());

function find(node: string, type: string) {
  const found = demo.announcements.find((one) => one.node === node && one.type === type);
  if (!found?.port) throw new Error(`no ${type} at ${node}`);
  return { ...found, port: found.port };
}

/** Asks as for what it announces, or for other attributes. */
function probe(node: string, type: string, txt = find(node, type).txt): Promise<ProbeResult> {
  const context = { signal: AbortSignal.timeout(15_000), traffic: { sent: 0, received: 0 } };
  return services.of(type).probe({ ...find(node, type), txt }, context);
}

describe('the members, seen by the real probes', () => {
  it.concurrent.each([
    ['VIC-Adoberia', 'dnsservice', { level: 4 }],
    ['BCN-Sants-Alcolea', 'dnsservice', { level: 4 }],
    ['RIP-Monestir', 'dnsservice', { level: 4 }],
    ['MAT-Rocafonda', 'dnsservice', { level: 3, facts: { zones: expect.stringContaining('generic') } }],
    ['GRA-PlacaRovira', 'dnsservice', { level: 3, reason: 'broken' }],
    ['OLO-SantFrancesc', 'dnsservice', { reason: 'timeout' }],
    ['CAS-Penyagolosa', 'dnsservice', { reason: 'wrong-protocol' }],
    ['LH-Torrassa', 'dnsservice', { reason: 'refused' }],
    ['VIC-Adoberia', 'serf', { level: 4 }],
    ['RIP-Monestir', 'serf', { level: 4 }],
    ['GRA-PlacaRovira', 'serf', { level: 3, reason: 'wrong-identity' }],
    ['LH-Torrassa', 'serf', { reason: 'refused' }],
    ['BCN-Sants-Alcolea', 'syncthing', { level: 4 }],
    ['RIP-Monestir', 'syncthing', { level: 4 }],
    ['GRA-PlacaRovira', 'syncthing', { level: 3, reason: 'wrong-identity' }],
    ['OLO-SantFrancesc', 'syncthing', { reason: 'timeout' }],
    ['BCN-Sants-Alcolea', 'proxy3', { level: 3, facts: { login: 'yes', software: 'squid/5.7' } }],
    ['LH-Torrassa', 'proxy3', { reason: 'refused' }],
    ['MAT-Rocafonda', 'owp', { level: 3, facts: { version: '2.5' } }],
    ['VIC-Adoberia', 'snpservice', { level: 3, facts: { version: '0.2.3' } }],
    ['OLO-SantFrancesc', 'peerstreamer', { level: 5 }],
    ['CAS-Penyagolosa', 'peerstreamer', { level: 4, reason: 'broken', detail: 'nothing is being streamed' }],
    ['MAT-Rocafonda', 'tahoe-lafs', { level: 4 }],
    [
      'GRA-PlacaRovira',
      'tahoe-lafs',
      { level: 3, reason: 'wrong-identity', detail: expect.stringContaining('it is ') },
    ],
    ['VIC-Adoberia', 'tincvpn', { level: 2, samples: expect.anything() }],
    ['RIP-Monestir', 'tincvpn', { level: 3, facts: { name: 'RIP_Monestir' } }],
  ])('%s, %s: %o', async (node, type, expected) => {
    expect(await probe(node, type)).toMatchObject(expected);
  });

  it.each([
    ['RIP-Monestir', 'syncthing', 'handshake'],
    ['MAT-Rocafonda', 'tahoe-lafs', 'handshake'],
    ['BCN-Sants-Alcolea', 'proxy3', 'ttfb'],
    ['MAT-Rocafonda', 'owp', 'ttfb'],
    ['VIC-Adoberia', 'snpservice', 'ttfb'],
    ['OLO-SantFrancesc', 'peerstreamer', 'rtt'],
  ] as const)('%s, %s: its %s is as long as its path', async (node, type, metric) => {
    const { samples } = await probe(node, type);
    const { delay, jitter } = NODES[node];
    // A timer may fire a millisecond early.
    expect(samples?.find((one) => one.metric === metric)?.value).toBeGreaterThan(delay - jitter - 1);
  });

  it('says of every time when it was taken, whatever the type', async () => {
    const timed = new Set<string>();
    for (const { node, type } of demo.announcements) {
      const times = new Times();
      const context = { signal: AbortSignal.timeout(15_000), traffic: { sent: 0, received: 0 }, times };
      const [{ metrics }, { samples = [] }] = [
        services.of(type),
        await services.of(type).probe(find(node, type), context),
      ];
      for (const { metric, value } of samples) {
        const isTime = metric !== 'loss' && (metrics.find(({ id }) => id === metric)?.unit ?? 'ms') === 'ms';
        if (!isTime) continue;
        expect(times.spans(value), `${type} ${metric}`).not.toBeNull();
        timed.add(type);
      }
    }
    expect([...timed].sort()).toEqual(services.types.map(({ id }) => id).sort());
  });

  it('knows no tub but the announced one', async () => {
    const other = find('GRA-PlacaRovira', 'tahoe-lafs').txt;
    expect(await probe('MAT-Rocafonda', 'tahoe-lafs', other)).toMatchObject({
      level: 3,
      reason: 'wrong-identity',
      detail: 'it does not know that tub',
    });
  });

  it('answers name queries over TCP too, even in pieces', async () => {
    const { address, port } = find('VIC-Adoberia', 'dnsservice');
    const query = streamEncode({ type: 'query', id: 7, questions: [{ type: 'SOA', name: '10.in-addr.arpa' }] });
    const socket = connect(port, address).setNoDelay();
    socket.write(query.subarray(0, 1), () => socket.write(query.subarray(1)));
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(streamDecode(answer)).toMatchObject({
      id: 7,
      flag_aa: true,
      answers: [{ data: { mname: 'ns1.guifi.net', rname: 'nobody.guifi.net' } }],
    });
  });

  it('has a web server where a member lies', async () => {
    const { address, port } = find('CAS-Penyagolosa', 'dnsservice');
    const status = await new Promise((resolve, reject) => {
      request({ host: address, port }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });
});

describe('the announcements', () => {
  it('are the same in every run, and cover all nine types', async () => {
    const again = await startDemo({ network: '127.78.2' });
    await again.close();
    const at = (one: DemoCommunity) =>
      one.announcements.map(({ node, type, description, txt }) => ({ node, type, description, txt }));
    expect(at(again)).toEqual(at(demo));
    const types = [...new Set(demo.announcements.map(({ type }) => type))];
    expect(types.filter((type) => services.has(type))).toEqual(types);
    expect(types).toHaveLength(9);
    expect(demo.announcements.length).toBeGreaterThanOrEqual(20);
    expect(demo.announcements.every(({ address, port }) => address.startsWith(network) && Number(port) >= 20_000)).toBe(
      true,
    );
  });

  it('are handed on by its source', () => {
    const discovery = createDiscovery({ sources: [demoSource(demo)], config: {}, now: () => 5 });
    onTestFinished(() => discovery.close());
    expect(discovery.announcements('demo')).toEqual(demo.announcements);
    const read = demo.announcements.length;
    expect(discovery.sources()).toMatchObject([{ name: 'demo', state: 'up', lastUp: 5, read }]);
  });
});

it('draws the same delays and losses from the same seed, within what the member says', () => {
  const node = { at: 1, delay: 50, jitter: 20, loss: 0.25, width: 1 };
  const draw = (seed: number) => {
    const path = pathTo(node, seed);
    return Array.from({ length: 1000 }, () => path());
  };
  const [one, same, other] = [draw(7), draw(7), draw(8)];
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
  const times = one.filter((ms) => ms !== null);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(30);
  expect(Math.max(...times)).toBeLessThanOrEqual(70);
  expect(1000 - times.length).toBeGreaterThan(200);
  expect(1000 - times.length).toBeLessThan(300);
});

it('over TCP, lost data arrives later instead', () => {
  const answers = [null, null, 30, 40];
  const path = () => answers.shift() ?? null;
  expect([overTcp(path), overTcp(path)]).toEqual([430, 40]);
});

describe('closing', () => {
  const open = () => process.getActiveResourcesInfo().filter((name) => /TCP|UDP|TLS|Pipe/.test(name)).length;

  it('leaves nothing open, even in the middle of answers', async () => {
    const before = open();
    const short = await startDemo({ network: '127.78.3' });
    const callers = short.announcements.map((one) => {
      const leave = new AbortController();
      const context = { signal: leave.signal, traffic: { sent: 0, received: 0 } };
      return { leave, probe: services.of(one.type).probe({ ...one, port: Number(one.port) }, context) };
    });
    const probes = callers.map(({ probe }) => probe);
    const settled = Promise.allSettled(probes);
    await Promise.race(probes);
    await short.close();
    for (const { leave } of callers) leave.abort();
    const ends = (await settled).map(({ status }) => status);
    expect(new Set(ends)).toEqual(new Set(['fulfilled', 'rejected']));
    await expect.poll(open).toBeLessThanOrEqual(before);
    const knock = ({ address, port }: (typeof short.announcements)[number]) =>
      new Promise((resolve) => {
        connect(port ?? 0, address, () => resolve('open')).on('error', (error: NodeJS.ErrnoException) =>
          resolve(error.code),
        );
      });
    const answers = await Promise.all(short.announcements.map(knock));
    expect(new Set(answers)).toEqual(new Set(['ECONNREFUSED']));
  });

  it('shares addresses with another demo, and does not remove them', async () => {
    await (await startDemo({ network })).close();
    expect(await probe('VIC-Adoberia', 'serf')).toMatchObject({ level: 4 });
  });
});

describe('the width of their paths', () => {
  it('differs between them, though all are on loopback', async () => {
    const within = { signal: new AbortController().signal, limitMs: 1_000 };
    const near = await demoPinger(demo.community).width(`${network}.${NODES['VIC-Adoberia'].at}`, within);
    const far = await demoPinger(demo.community).width(`${network}.${NODES['RIP-Monestir'].at}`, within);
    const sample = { metric: 'width', value: expect.any(Number), method: 'ping-train' };
    expect([near, far]).toEqual([[sample], [sample]]);
    expect(Number(far[0]?.value)).toBeGreaterThan(10 * Number(near[0]?.value));
    expect(await demoPinger(demo.community).width(`${network}.99`, within)).toEqual([]);
  });
});
