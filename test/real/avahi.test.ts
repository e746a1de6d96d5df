/** Providers of the local network, announced by the real avahi-daemon in networks of their own. */
import { join } from 'node:path';
import { type Answer, encode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import type { SourceStatus } from '../../plugin/discovery/index.js';
import type { Provider } from '../../plugin/model/provider.js';
import { type AvahiService, Network, type Program } from './namespaces.js';

const SYNCTHING: AvahiService = {
  ...{ name: 'Syncthing on node7', type: '_syncthing._tcp', port: 22_000 },
  txt: ['node_id=P56IOI7-MZJNU2Y', 'note=two words'],
};
const DNS: AvahiService = { name: 'Names v1.2', type: '_dnsservice._tcp', port: 53, txt: [] };
const OTHER: AvahiService = { name: 'Files', type: '_webdav._tcp', port: 80, txt: ['path=/dav'] };

type Listed = Omit<Provider, 'txt'> & { readonly txt: readonly (readonly [string, string])[] };
interface State {
  readonly providers: readonly Listed[];
  readonly source: SourceStatus;
}

const network = { current: new Network() };
afterEach(async () => {
  await network.current.remove();
  network.current = new Network();
});

const start = (name: string) => network.current.node(name, join(import.meta.dirname, 'avahi-program.ts'));

/** The newest state that the program told. */
function last(said: string): State | null {
  const line = said.split('\n').slice(0, -1).at(-1);
  return line === undefined ? null : JSON.parse(line);
}

async function state(program: Program, fits: (state: State) => boolean): Promise<State> {
  let found: State | null = null;
  await program.says((said) => {
    found = last(said);
    return found !== null && fits(found);
  });
  return found as unknown as State;
}

const types = ({ providers }: State) => providers.map(({ type }) => type).join(' ');

/** Sends bytes to the group, from an address and port. */
const SEND = `
const [from, port, hex] = process.argv.slice(1);
const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true }).bind(+port, from, () => {
  socket.setMulticastInterface('10.91.0.2');
  socket.send(Buffer.from(hex, 'hex'), 5353, '224.0.0.251', () => { console.log('sent'); socket.close(); });
});`;

function announcement(host: string, port: number): Buffer {
  const [type, instance, target] = ['_syncthing._tcp.local', `${host}._syncthing._tcp.local`, `${host}.local`];
  const answers: Answer[] = [
    { type: 'PTR', name: type, ttl: 120, data: instance },
    { type: 'SRV', name: instance, ttl: 120, data: { target, port } },
    { type: 'TXT', name: instance, ttl: 120, data: [''] },
    { type: 'A', name: target, ttl: 120, data: '10.91.0.2' },
  ];
  return encode({ type: 'response', answers });
}

describe('the local network', () => {
  it('shows what avahi-daemon announces, until it takes its leave', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', '10.91.0.1/24', 'fd91::1/64'], ['there', '10.91.0.2/24', 'fd91::2/64']);
    const avahi = await net.avahi('there', { host: 'node7', services: [SYNCTHING, DNS, OTHER] });
    const discovery = await start('here');
    const { providers, source } = await state(discovery, (now) => now.providers.length === 3);
    expect(providers).toMatchObject([
      { type: 'dnsservice', address: '10.91.0.2', port: 53, description: 'Names v1.2', txt: [] },
      {
        ...{ type: 'syncthing', node: 'node7', host: 'node7.local', address: '10.91.0.2', port: 22_000 },
        ...{ description: 'Syncthing on node7', sources: ['avahi'], self: false, barred: null, stale: false },
        txt: [
          ['node_id', 'P56IOI7-MZJNU2Y'],
          ['note', 'two words'],
        ],
      },
      { type: 'webdav', port: 80, txt: [['path', '/dav']] },
    ]);
    expect(source).toMatchObject({ name: 'avahi', state: 'up', read: 3, skipped: {} });
    await avahi.stop();
    await state(discovery, (now) => now.providers.length === 0);
    await net.avahi('there', { host: 'node7', services: [DNS] });
    await state(discovery, (now) => types(now) === 'dnsservice');
    expect(await discovery.stop()).toBe(0);
    await discovery.says((said) => /"closedWithinMs":\d?\d\./.test(said));
  });

  it('shows a provider once that two interfaces lead to, by its IPv4 address', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', 'fd91::1/64'], ['there', 'fd91::2/64']);
    net.join(['here', '10.92.0.1/24', 'fd92::1/64'], ['there', '10.92.0.2/24', 'fd92::2/64']);
    await net.avahi('there', { host: 'node7', services: [SYNCTHING, { ...DNS, port: 0 }] });
    // The service without a port is counted on each interface that it was heard on.
    const { providers, source } = await state(await start('here'), (now) => now.source.skipped['bad-port'] === 2);
    expect(providers).toMatchObject([{ type: 'syncthing', address: '10.92.0.2' }]);
    expect(source.read).toBe(1);
  });

  it('is heard over IPv6 alone', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', 'fd91::1/64'], ['there', 'fd91::2/64']);
    await net.avahi('there', { host: 'node7', services: [SYNCTHING] });
    const discovery = await start('here');
    const { providers } = await state(discovery, (now) => now.providers.length > 0);
    expect(providers).toMatchObject([{ type: 'syncthing', address: 'fd91::2', port: 22_000 }]);
  });

  it('knows what this very node announces, beside the avahi-daemon that does', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24']);
    await net.avahi('here', { host: 'own', services: [{ ...SYNCTHING, name: 'Mine' }] });
    await net.avahi('there', { host: 'node7', services: [SYNCTHING] });
    const discovery = await start('here');
    const { providers } = await state(discovery, (now) => now.providers.length === 2);
    expect(providers.map(({ node, self }) => [node, self]).sort()).toEqual([
      ['node7', false],
      ['own', true],
    ]);
  });

  it('does not hear who is beyond the link or speaks from another port, and survives nonsense', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24', '203.0.113.5/32']);
    const discovery = await start('here');
    await state(discovery, ({ source }) => source.state === 'up');
    const nonsense = Buffer.from('00008400000000010000000001ff', 'hex');
    for (const [from, port, packet] of [
      ['203.0.113.5', 5353, announcement('beyond', 1)],
      ['10.91.0.2', 5354, announcement('port', 2)],
      ['10.91.0.2', 5353, nonsense],
      ['10.91.0.2', 5353, announcement('neighbour', 3)],
    ] as const) {
      const sender = net.run('there', process.execPath, '-e', SEND, from, `${port}`, packet.toString('hex'));
      await sender.says((said) => said.includes('sent'));
    }
    const { providers, source } = await state(discovery, (now) => now.providers.length > 0);
    expect(providers.map(({ node }) => node)).toEqual(['neighbour']);
    expect(source.skipped).toEqual({ malformed: 1 });
  });

  it('is away while no interface leads to it', async () => {
    network.current.add('here');
    const { source } = await state(await start('here'), (now) => now.source.state !== 'connecting');
    expect(source).toMatchObject({ state: 'away', lastUp: null, error: { code: 'no-multicast' } });
  });
});
