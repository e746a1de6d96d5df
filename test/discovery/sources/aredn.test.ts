/** The list of an AREDN node, as several generations of firmware write it, with all that people put into it. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../../plugin/config/index.js';
import { defaultGateway } from '../../../plugin/discovery/machine.js';
import { Seniority } from '../../../plugin/discovery/seniority.js';
import type { Source } from '../../../plugin/discovery/source.js';
import aredn from '../../../plugin/discovery/sources/aredn/index.js';
import { ownAddress } from '../../probe/servers.js';
import { createDiscovery } from '../create.js';

const HOSTS = [
  { name: 'AB1CDE-tower', ip: '10.2.174.81' },
  { name: 'mid1.AB1CDE-tower.local.mesh', ip: '10.2.174.82' },
  { name: 'AB1CDE-RPI', ip: '10.81.81.83' },
  { name: 'AB1CDE-RPI', ip: '10.66.66.66' },
  ...[null, 7, { name: 'no-address' }, { name: 'bad', ip: 'x' }],
];
const row = (link: unknown, name: unknown = 'EtherPad', more: object = {}) => ({
  ...{ name, ip: '10.2.174.81', protocol: 'tcp', link },
  ...more,
});
const sysinfo = (services: unknown, hosts: unknown = HOSTS) =>
  JSON.stringify({ api_version: '2.0', node: 'AB1CDE-tower', loads: [0.1, 0.2, 0.3], hosts, services });

/** A node that answers each request so; its address and what was asked. */
async function nodeOf(listener: RequestListener, { port = 0, address = ownAddress() } = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  await new Promise<void>((done) => server.listen(port, address, done));
  onTestFinished(() => void server.close());
  return { node: `${address}:${(server.address() as AddressInfo).port}`, address, asked };
}
const nodeWith = (body: string | Buffer) => nodeOf((_, response) => response.end(body));

const recognise = ({ scheme, port, words }: { scheme: string; port: number | null; words: readonly string[] }) =>
  scheme === 'http' ? (words.includes('map') ? 'map' : 'web') : scheme === 'ntp' && port === 123 ? 'ntp' : null;

async function open(node: string): Promise<Source> {
  const config = { ...loadConfig({ env: {}, file: '', serfFile: '' }), arednNode: node };
  const source = aredn.open(config, { types: [], now: Date.now, seniority: new Seniority(Date.now), recognise });
  if (source === null) throw new Error('it is off');
  onTestFinished(() => source.close());
  await source.ready();
  return source;
}
const rows = (source: Source) => source.sightings().map(({ announcement }) => announcement);
const listed = async (...services: unknown[]) => open((await nodeWith(sysinfo(services))).node);

describe('an AREDN node', () => {
  it('is not asked unless it is set', () => {
    const context = { types: [], now: Date.now, seniority: new Seniority(Date.now), recognise };
    expect(aredn.open(loadConfig({ env: {}, file: '', serfFile: '' }), context)).toBeNull();
  });

  it('lists services by the addresses that came along, whatever their case or ending', async () => {
    const source = await listed(row('http://ab1cde-rpi.local.mesh:9001/'), row('http://AB1CDE-tower/notes'));
    expect(source.status()).toMatchObject({ state: 'up', read: 2, skipped: {} });
    expect(rows(source)).toMatchObject([
      { type: 'web', node: 'AB1CDE-tower', host: 'ab1cde-rpi.local.mesh', address: '10.81.81.83', port: 9001 },
      { type: 'web', address: '10.2.174.81', port: 80, description: 'EtherPad', txt: new Map([['path', '/notes']]) },
    ]);
    expect(source.sightings()[0]).toMatchObject({ announcer: 'aredn 10.2.174.81', self: false, heardAt: null });
  });

  it('reads the word in brackets, and lists what no type claims by its scheme', async () => {
    const source = await listed(
      row('rtsp://AB1CDE-RPI:554/live', 'Roof [video]'),
      row('ntp://AB1CDE-RPI:123', 'Clock [time]'),
      row('http://AB1CDE-RPI:80/', 'Town [map]'),
    );
    expect(rows(source)).toMatchObject([
      {
        type: 'other',
        description: 'Roof',
        txt: new Map(Object.entries({ path: '/live', scheme: 'rtsp', kind: 'video' })),
      },
      { type: 'ntp', description: 'Clock', port: 123, txt: new Map([['kind', 'time']]) },
      { type: 'map', description: 'Town' },
    ]);
  });

  it('lists texts without link, and bookmarks, without a port', async () => {
    const source = await listed(
      row('', 'Ask for Anna [phone]'),
      row('http://AB1CDE-tower/a/redirect?http://10.9.9.9/'),
    );
    expect(rows(source)).toMatchObject([
      { type: 'other', address: '10.2.174.81', port: null, description: 'Ask for Anna' },
      { type: 'other', address: '10.2.174.81', port: null },
    ]);
  });

  it('may have several texts: each is a row, the same one twice is one', async () => {
    const texts = ['Ask for Anna', 'Net on Mondays', 'Ask for Anna'].map((name) => row('', name));
    const { node } = await nodeWith(sysinfo([...texts, row('', 'Ask for Anna', { ip: '10.2.174.82' })]));
    const discovery = createDiscovery({ config: { arednNode: node }, serf: false, recognise });
    onTestFinished(() => discovery.close());
    await discovery.ready();
    const listed = discovery.providers('other').map(({ description, address }) => `${description} ${address}`);
    expect(listed.toSorted()).toEqual([
      ...['Ask for Anna 10.2.174.81', 'Ask for Anna 10.2.174.82', 'Net on Mondays 10.2.174.81'],
    ]);
    expect(new Set(discovery.providers().map(({ id }) => id)).size).toBe(3);
  });

  it('never holds a user, a password, a query or a fragment', async () => {
    const source = await listed(
      row('http://hugo:letmein@AB1CDE-RPI:8080/cam?user=hugo&password=letmein#letmein'),
      row('rtsp://AB1CDE-RPI:554/user=hugo_password=letmein_channel=1.sdp', 'Cam http://hugo:letmein@x/?p=letmein'),
      row('http://AB1CDE-RPI:81/', 'Cam user: hugo pass=letmein PIN:letmein'),
      row('http://hugo:letmein@nowhere:81/?letmein', 'letmein'.repeat(0)),
      row('hugo:letmein@x', 'x'),
    );
    const held = JSON.stringify([
      rows(source).map(({ txt, ...row }) => [row, [...txt]]),
      source.skippedRows?.(),
      source.status(),
    ]);
    expect(rows(source)).toHaveLength(3);
    expect(held).not.toMatch(/letmein|hugo/);
  });

  it('skips what leads nowhere, and looks up no name', async () => {
    const source = await listed(
      ...[row('http://example.org/'), row('http://localhost:80/'), row('http://bad/'), row('http://constructor/')],
      ...[
        row('http://AB1CDE-RPI:99999/'),
        row('no link'),
        row(7, 7),
        null,
        'text',
        row('x', 'y', { ip: 'AB1CDE-RPI' }),
      ],
      ...[row('http://10.2.174.99:8000/'), row('http://AB1CDE-RPI:0/')],
    );
    expect(source.status()).toMatchObject({
      ...{ state: 'up', read: 2 },
      skipped: { 'unknown-name': 4, 'bad-port': 1, 'bad-link': 1, 'bad-entry': 3, 'bad-address': 1 },
    });
    expect(rows(source).map(({ address, port }) => [address, port])).toEqual([
      ['10.2.174.99', 8000],
      ['10.81.81.83', null],
    ]);
    expect(source.skippedRows?.()[0]).toMatchObject({ heardAt: expect.any(Number) });
  });

  it('may write bytes that are no UTF-8, control characters and turned text', async () => {
    const text = sysinfo([row('http://AB1CDE-RPI/', 'WX 21\u00b0 \u202eevil\u0007\\u0000')]);
    const source = await open((await nodeWith(Buffer.from(text, 'latin1'))).node);
    expect(rows(source)[0]?.description).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(rows(source)[0]?.description).toContain('\ufffd');
  });

  it('is asked at the address of its firmware, and there again', async () => {
    const old = await nodeOf(({ url }, response) => {
      if (url?.startsWith('/cgi-bin/sysinfo.json')) response.end(sysinfo([row('http://AB1CDE-RPI/')]));
      else response.writeHead(404).end();
    });
    const source = await open(old.node);
    expect(source.status()).toMatchObject({ state: 'up', read: 1 });
    expect(old.asked).toEqual(['/a/sysinfo?services=1&hosts=1', '/cgi-bin/sysinfo.json?services=1&hosts=1']);
    const oldest = await nodeOf((_, response) => response.end(sysinfo([])), { port: 8080 });
    expect((await open(oldest.address)).status()).toMatchObject({ state: 'up', read: 0 });
  });

  it('sends to nobody else: no redirect is followed', async () => {
    const elsewhere = await nodeWith(sysinfo([row('http://AB1CDE-RPI/')]));
    const { node } = await nodeOf((_, response) =>
      response.writeHead(302, { Location: `http://${elsewhere.node}/a/sysinfo` }).end(),
    );
    const source = await open(node);
    expect(source.status()).toMatchObject({
      state: 'away',
      read: 0,
      error: { message: expect.stringContaining('302') },
    });
    expect(elsewhere.asked).toEqual([]);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['ten megabytes', (_, response) => response.end(Buffer.alloc(10_000_000, ' ')), /larger than 2 MiB/],
    ['half a file', (_, response) => response.end(sysinfo([row('http://letmein/')]).slice(0, -9)), /only a part/],
    [
      'a file cut on the way',
      (_, response) => response.writeHead(200, { 'Content-Length': 999 }).end('{}'),
      /abort|in time/,
    ],
    ['a page', (_, response) => response.end('<html>letmein</html>'), /not JSON/],
    ['JSON of something else', (_, response) => response.end('[1]'), /lists no services/],
    ['services that are no list', (_, response) => response.end('{"services":{}}'), /lists no services/],
  ])('that answers with %s is away, and what it said before stays', async (_, bad, message) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let answer: RequestListener = (_, response) => response.end(sysinfo([row('http://AB1CDE-RPI/')]));
    const { node } = await nodeOf((request, response) => {
      response.on('error', () => {});
      answer(request, response);
    });
    const source = await open(node);
    const change = () =>
      new Promise<void>((resolve) => {
        const stop = source.onChange(() => {
          stop();
          resolve();
        });
      });
    answer = bad;
    let changed = change();
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    await changed;
    expect(source.status()).toMatchObject({ state: 'away', read: 1, lastUp: expect.any(Number) });
    expect(source.status().error?.message).toMatch(message);
    expect(source.status().error?.message).not.toContain('letmein');
    expect(rows(source)).toHaveLength(1);
    answer = (_, response) => response.end(sysinfo([]));
    changed = change();
    await vi.advanceTimersByTimeAsync(60_000);
    await changed;
    expect(source.status()).toMatchObject({ state: 'up', read: 0 });
  });

  it('may list more than a list holds: the rest is counted', async () => {
    const many = Array.from({ length: 3_100 }, (_, at) => row(`http://AB1CDE-RPI:${at + 1}/`));
    expect((await listed(...many)).status()).toMatchObject({ read: 3_000, skipped: { 'too-many': 100 } });
  });

  it('of `auto` is the router, as the kernel writes it', () => {
    const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n';
    expect(defaultGateway(`${head}eth0\t0000FEA9\t00000000\t1\neth0\t00000000\t0102A8C0\t3\n`)).toBe('192.168.2.1');
    expect(defaultGateway(`${head}wg0\t00000000\t00000000\t1\n`)).toBeNull();
    expect(defaultGateway('')).toBeNull();
  });

  it('is one of the sources of discovery, and its list one of strangers', async () => {
    const { node } = await nodeWith(sysinfo([row('ntp://AB1CDE-RPI:123', 'Clock'), row('http://44.1.2.3/')]));
    const discovery = createDiscovery({ config: { arednNode: node }, serf: false, recognise });
    onTestFinished(() => discovery.close());
    await discovery.ready();
    expect(discovery.sources()).toMatchObject([{ name: 'aredn', state: 'up', read: 2 }]);
    expect(discovery.providers('ntp')).toMatchObject([{ address: '10.81.81.83', sources: ['aredn'], barred: null }]);
    expect(discovery.providers('web')).toMatchObject([{ address: '44.1.2.3', barred: 'not-allowed' }]);
  });
});
