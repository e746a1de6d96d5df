/** `doctor` finds the network that a machine is in, and says what to set. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { networks } from '../../plugin/cli/doctor/networks.js';
import type { Config } from '../../plugin/config/index.js';
import { loadSources, type Machine, type SourceStatus } from '../../plugin/discovery/index.js';
import { LANGUAGES, type Language } from '../../plugin/model/language.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { fakePanel } from './fake-panel.js';

const words = loadLocales();
const NOWHERE: Machine = { gateway: () => null, runs: () => false, exists: () => false, addresses: () => [] };
const ASSUMED = { host: '127.0.0.1', port: 1, isAssumed: true } as const;
const source = (name: string, state: SourceStatus['state'], isSet?: true): SourceStatus => ({
  ...{ name, state, lastUp: null, read: 0, skipped: {} },
  ...(isSet && { isSet }),
});

/** Each line as its text and what to do. */
async function found(
  machine: Partial<Machine>,
  sources: SourceStatus[] = [],
  config: Partial<Config> = {},
  language: Language = 'en',
) {
  const panel = fakePanel({ sources, config: { serfRpc: ASSUMED, ...config } });
  const checks = await networks(panel, words(language), { ...NOWHERE, ...machine });
  expect(checks.every(({ name, state }) => name === 'network' && state === 'absent')).toBe(true);
  return checks.map(({ text, hint }) => `${text} → ${hint}`);
}
const only = (...paths: string[]) => ({ exists: (path: string) => paths.includes(path) });

/** A router on this machine: its address, and what it was asked. */
async function router(answer: (path: string) => string | null) {
  const asked: string[] = [];
  const server: Server = createServer(({ url = '' }, reply) => {
    asked.push(url);
    const body = answer(url);
    reply.writeHead(body === null ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.9.8.1', resolve));
  onTestFinished(() => void server.close());
  const address = `127.9.8.1:${(server.address() as AddressInfo).port}`;
  return { address, asked, gateway: () => address };
}
const NODE = JSON.stringify({ api_version: '2.0', node: 'AB1CDE-\u001b[31mtower', meshrf: {} });

it('is AREDN where the router is one of its nodes, of any firmware, asked once and for no list', async () => {
  const { address, asked, gateway } = await router((path) => (path === '/a/sysinfo' ? NODE : null));
  expect(await found({ gateway })).toEqual([
    `AREDN: this machine’s router, ${address}, is the node AB1CDE-[31mtower → Set AREDN_NODE=auto`,
  ]);
  expect(asked).toEqual(['/a/sysinfo']);
  const old = await router((path) => (path === '/cgi-bin/sysinfo.json' ? NODE : null));
  expect(await found(old)).toHaveLength(1);
  expect(old.asked).toEqual(['/a/sysinfo', '/cgi-bin/sysinfo.json']);
});

it.each(['<html>Router</html>', '{"node": 7}', '[]', '{"node": "x"}'])('is no AREDN where it says %s', async (body) => {
  expect((await found(await router(() => body))).join()).toMatch(/^none found/);
});

it('is not asked of a router whose list is set already', async () => {
  const { gateway, asked } = await router(() => NODE);
  expect(await found({ gateway }, [source('aredn', 'up', true)], { arednNode: 'auto' })).toEqual([]);
  expect(asked).toEqual([]);
});

it('is OLSR beside olsrd, and where its file is switched off', async () => {
  expect(await found({ runs: (program) => program === 'olsrd' })).toEqual([
    expect.stringMatching(/^OLSR: olsrd runs here.* → .*nameservice plugin.*OLSR_SERVICES_FILE/),
  ]);
  expect(await found(only('/var/run/services_olsr'), [], { olsrServicesFile: 'off' })).toEqual([
    'OLSR: there is /var/run/services_olsr, which is not read → Set OLSR_SERVICES_FILE=auto',
  ]);
});

it('is Cloudy by its files, and Serf by its agent', async () => {
  expect(await found(only('/etc/getinconf-client.conf'))).toEqual([
    expect.stringMatching(/^Cloudy: .*getinconf.* → .*systemctl start serf.*SERF_RPC/),
  ]);
  expect(await found({ runs: (program) => program === 'serf' })).toEqual([
    expect.stringMatching(/^Serf: an agent runs here.* → Set SERF_RPC/),
  ]);
});

it('is a guess by an address in 10.0.0.0/8, which is kept back where anything is sure', async () => {
  const addresses = () => ['192.168.1.7', '10.139.40.22'];
  expect(await found({ addresses })).toEqual([
    expect.stringMatching(/^guifi\.net: likely, .*10\.139\.40\.22 → .*import ZONE\.cnml.*PROVIDERS_FILE=LIST/),
  ]);
  expect(await found({ addresses, runs: (program) => program === 'olsrd' })).toEqual([expect.stringMatching(/^OLSR/)]);
  expect(await found({ addresses }, [source('list', 'up', true)])).toEqual([]);
});

it('is the local network where that is switched off', async () => {
  expect(await found(only('/run/avahi-daemon/socket'), [], { avahi: 'off' })).toEqual([
    expect.stringMatching(/^Avahi: .* → Set AVAHI=auto$/),
  ]);
});

it('is none, with what to set, where nothing is found or set; and not spoken of while Serf answers', async () => {
  expect(await found({}, [source('avahi', 'up')])).toEqual([expect.stringMatching(/^none found.*PROVIDERS_FILE\.$/)]);
  expect(await found({}, [source('serf', 'up')])).toEqual([]);
});

it('is told in every language, each in its own words', async () => {
  const { gateway } = await router((path) => (path === '/a/sysinfo' ? NODE : null));
  const machines: [Partial<Machine>, Partial<Config>?][] = [
    [{}],
    [{ gateway }],
    [{ runs: (program) => program === 'olsrd' }],
    [only('/var/run/services_olsr'), { olsrServicesFile: 'off' }],
    [{ runs: (program) => program === 'serf' }],
    [only('/etc/getinconf-client.conf')],
    [{ addresses: () => ['10.139.40.22'] }],
    [only('/run/avahi-daemon/socket'), { avahi: 'off' }],
  ];
  for (const [machine, config] of machines) {
    const told = await Promise.all(LANGUAGES.map((language) => found(machine, [], config, language)));
    expect(told.map((lines) => lines.length)).toEqual(LANGUAGES.map(() => 1));
    expect(new Set(told.map(String)).size, String(told)).toBe(LANGUAGES.length);
  }
});

it('is looked for by each source that can be found', async () => {
  const ids = (await loadSources()).flatMap(({ id, detect }) => (detect ? id : []));
  expect(ids).toEqual(['serf', 'avahi', 'aredn', 'olsr']);
});
