/** Providers of the local network, announced by the real avahi-daemon in networks of their own. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SourceStatus } from '../../plugin/discovery/index.js';
import type { Provider } from '../../plugin/model/provider.js';
import { record, response, srvData, wireName } from '../discovery/records.js';
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

/** Sends bytes from an address and port to another address. */
const SEND = `
const [from, port, to, hex] = process.argv.slice(1);
const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true }).bind(+port, from, () => {
  socket.setMulticastInterface('10.91.0.2');
  socket.send(Buffer.from(hex, 'hex'), 5353, to, () => { console.log('sent'); socket.close(); });
});`;
const GROUP = '224.0.0.251';

async function send(message: Buffer, { from = '10.91.0.2', port = 5353, to = GROUP } = {}): Promise<void> {
  const args = [from, `${port}`, to, message.toString('hex')];
  const sender = network.current.run('there', process.execPath, '-e', SEND, ...args);
  await sender.says((said) => said.includes('sent'));
}

/** What a neighbour of that name says; the port tells them apart. */
function announcement(host: string, { txt = true, addresses = ['10.91.0.2'], more = [] as Buffer[] } = {}): Buffer {
  const [type, target] = [wireName('_syncthing', '_tcp', 'local'), wireName(host, 'local')];
  const instance = wireName(host, '_syncthing', '_tcp', 'local');
  return response([
    record(type, 12, 1, 120, instance),
    record(instance, 33, 0x8001, 120, srvData(22_000 + host.length, target)),
    ...(txt ? [record(instance, 16, 0x8001, 120, '')] : []),
    ...more,
    ...addresses.map((address) => record(target, 1, 0x8001, 120, address.split('.').map(Number))),
  ]);
}

const nodes = ({ providers }: State) => providers.map(({ node }) => node).sort();

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

  it('hears whoever speaks to the group, of whatever subnet, and nobody else', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24', '203.0.113.5/32']);
    const discovery = await start('here');
    await state(discovery, ({ source }) => source.state === 'up');
    net.exec('here', 'ip', 'route', 'add', '203.0.113.5', 'dev', 'cable0');
    await send(announcement('unicast'), { to: '10.91.0.1' });
    await send(announcement('routed'), { from: '203.0.113.5', to: '10.91.0.1' });
    await send(announcement('port'), { port: 5354 });
    await send(Buffer.from('00008400000000010000000001ff', 'hex'));
    await send(announcement('subnet'), { from: '203.0.113.5' });
    await send(announcement('neighbour'));
    const { source, ...now } = await state(discovery, (found) => nodes(found).includes('neighbour'));
    expect(nodes({ source, ...now })).toEqual(['neighbour', 'subnet']);
    expect(source.skipped).toEqual({ malformed: 1 });
  });

  it('takes the neighbour\u2019s own address, leaves out one bad record, and waits in vain for text', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24']);
    for (const command of ['link add docker0 type veth peer name container', 'addr add 172.17.0.1/16 dev docker0'])
      net.exec('here', 'ip', ...command.split(' '));
    for (const device of ['docker0', 'container']) net.exec('here', 'ip', 'link', 'set', device, 'up');
    const discovery = await start('here');
    await state(discovery, ({ source }) => source.state === 'up');
    await send(announcement('bridged', { addresses: ['172.17.0.1', '172.18.0.1', '10.91.0.2'] }));
    await send(announcement('bad', { more: [record(Buffer.of(0xc3, 0xff), 1, 1, 120, [10, 0, 0, 1])] }));
    await send(announcement('textless', { txt: false }));
    const { providers, source } = await state(discovery, (now) => nodes(now).includes('textless'));
    expect(providers.map(({ node, address, self }) => [node, address, self]).sort()).toEqual(
      ['bad', 'bridged', 'textless'].map((node) => [node, '10.91.0.2', false]),
    );
    expect(source.skipped).toEqual({ malformed: 1 });
  });

  it('hears each of two cables only there, where they share no subnet with their neighbours', async () => {
    const net = network.current;
    for (const name of ['here', 'there', 'mesh']) net.add(name);
    net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24']);
    net.join(['here', '10.92.0.1/32'], ['mesh', '10.92.0.2/32']);
    await net.avahi('there', { host: 'node7', services: [SYNCTHING] });
    await net.avahi('mesh', { host: 'node8', services: [SYNCTHING, { ...DNS, port: 0 }] });
    const { providers, source } = await state(
      await start('here'),
      (now) => nodes(now).length === 2 && 'bad-port' in now.source.skipped,
    );
    expect(providers.map(({ node, address }) => [node, address]).sort()).toEqual([
      ['node7', '10.91.0.2'],
      ['node8', '10.92.0.2'],
    ]);
    // Once: the other link did not hear of it.
    expect(source).toMatchObject({ read: 2, skipped: { 'bad-port': 1 } });
  });

  it('reads every name that avahi-daemon announces', async () => {
    const net = network.current;
    net.add('here');
    net.add('there');
    net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24']);
    const names = ['Can Pep v1.2', 'pi.lan', 'Casa Müller 🙂', 'back\\slash\\046', 'ö'.repeat(31), '_http._tcp'];
    const services = names.map((name, at) => ({ ...SYNCTHING, name, port: 22_000 + at }));
    await net.avahi('there', { host: 'node7', services });
    const { providers } = await state(await start('here'), (now) => now.providers.length === names.length);
    const read = providers.toSorted((a, b) => (a.port ?? 0) - (b.port ?? 0)).map(({ description }) => description);
    expect(read).toEqual(names.map((name) => name.replaceAll('_', ' ')));
  });

  it('is away while no interface leads to it', async () => {
    network.current.add('here');
    const { source } = await state(await start('here'), (now) => now.source.state !== 'connecting');
    expect(source).toMatchObject({ state: 'away', lastUp: null, error: { code: 'no-multicast' } });
  });
});
