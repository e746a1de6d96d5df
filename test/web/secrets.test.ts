/** Users, passwords and keys that neighbours announce by mistake are nowhere: not in a page, an answer, a log or a file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listProviders, listServices } from '../../plugin/cli/list.js';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import { readService } from '../../plugin/discovery/sources/avahi/record.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { OWN_APP, registerWeb } from '../../plugin/web/index.js';
import { writeTag } from '../announcement/packed.js';
import { fakeIo } from '../cli/fake-panel.js';
import { agentOf, type FakeAgent, fakeAgent, member } from '../serf/fake-agent.js';
import { PASSWORD, Visitor } from './app.js';

/** What must not be found; each mistake has its own, so that the one that leaks is named. */
const secrets: string[] = [];
const secret = () => {
  const word = `zQ${secrets.length}secretZ`;
  secrets.push(word);
  return word;
};

/** Every way in which people write them. */
const MISTAKES: readonly (() => string)[] = [
  () => `http://${secret()}:${secret()}@10.1.2.3/?token=${secret()}&key=${secret()}`,
  () => `Camera (http://anna:${secret()}@cam/)`,
  () => `[rtsp://anna:${secret()}@10.1.2.3:554/?pw=${secret()}]`,
  () => `roof anna:${secret()}@10.1.2.3`,
  () => `password=${secret()} user: ${secret()}`,
  () => encodeURIComponent(`http://anna:${secret()}@cam/?token=${secret()}`),
  () => encodeURIComponent(encodeURIComponent(`http://anna:${secret()}@cam/?token=${secret()}`)),
  () => `http://anna:${secret()}/${secret()}@cam/`,
  () => `${'x'.repeat(110)} http://anna:${secret()}@cam/`,
];
const LINKS: readonly (() => string)[] = [
  () => `http://${secret()}:${secret()}@10.1.2.3:8080/?token=${secret()}#${secret()}`,
  () => `http://anna:${secret()}@10.1.2.4/user=${secret()}`,
  () => `http://10.1.2.5/%75ser%3D${secret()}`,
  () => `http://10.1.2.6/%3Ftoken%3D${secret()}`,
  () => `ftp://anna:${secret()}@10.1.2.7/`,
  () => `http://anna:${secret()}@no.such.name/`,
];

let folder: string;
let panel: Panel;
let app: FastifyInstance;
let agent: FakeAgent;
let router: ReturnType<typeof createServer>;
const logged: string[] = [];

/** Entries with each mistake in each field; where an entry is skipped, its reason is shown with what is left of it. */
function entries(network: string, mistakes = MISTAKES): object[] {
  const all = mistakes.flatMap((mistake) => [
    { d: mistake() },
    { d: mistake().replaceAll(' ', '_') },
    { m: mistake() },
    { e: mistake() },
    { t: `url=${mistake()}` },
    { t: mistake() },
    { t: `password=${secret()}&api_key=${secret()}&camToken=${secret()}` },
    { m: mistake(), p: 'none' },
    { s: mistake() },
  ]);
  return all.map((entry, at) => ({
    s: 'webdav',
    i: `${network}.${at + 1}`,
    p: '80',
    d: '',
    m: 'cam',
    e: '',
    t: '',
    ...entry,
  }));
}

function sysinfo(): string {
  const named = (link: string, name: string) => ({ name, ip: '10.2.1.1', protocol: 'tcp', link });
  const services = [
    ...MISTAKES.map((mistake) => named('http://10.1.3.1/', mistake())),
    ...MISTAKES.map((mistake) => named('', `${mistake()} [video]`)),
    ...LINKS.map((link) => named(link(), 'Camera')),
  ];
  const hosts = [
    { name: MISTAKES[0]?.(), ip: '10.2.1.1' },
    { name: MISTAKES[5]?.(), ip: '10.2.1.2' },
  ];
  return JSON.stringify({ api_version: '2.0', node: MISTAKES[0]?.(), hosts, services });
}

const olsr = () =>
  [
    ...MISTAKES.map((mistake) => `http://10.1.4.1:80/|tcp|${mistake()}\t\t#10.3.1.1`),
    ...LINKS.map((link) => `${link()}|tcp|Camera\t\t#10.3.1.1`),
    `http://10.1.4.2:80/|tcp|gw password:${secret()} token:${secret()}\t\t#10.3.1.1`,
  ].join('\n');

async function open() {
  router = createServer((_, reply) => reply.end(sysinfo()));
  await new Promise<void>((resolve) => router.listen(0, '127.0.0.1', resolve));
  const lists = { providers: join(folder, 'providers'), olsr: join(folder, 'olsr'), hosts: join(folder, 'hosts') };
  writeFileSync(lists.providers, [...entries('10.4.1'), { s: 'web' }].map((entry) => JSON.stringify(entry)).join('\n'));
  writeFileSync(lists.olsr, olsr());
  writeFileSync(lists.hosts, `10.3.1.1\t${encodeURIComponent(MISTAKES[0]?.() ?? '')}\t# 10.3.1.1\n`);
  const tagged = entries('10.5.1', MISTAKES.slice(0, 4));
  const members = Array.from({ length: Math.ceil(tagged.length / 9) }, (_, at) =>
    member(`node${at}-http://anna:${secret()}@cam`, writeTag(tagged.slice(at * 9, at * 9 + 9))),
  );
  agent = await fakeAgent(agentOf(members));
  const config: Config = {
    ...loadConfig({ env: {}, file: '', serfFile: '' }),
    ...{
      serfRpc: agent.address,
      providersFile: lists.providers,
      avahi: 'off',
      demo: 'off',
      dataDir: join(folder, 'data'),
    },
    ...{
      olsrServicesFile: lists.olsr,
      olsrHostsFile: lists.hosts,
      metricsToken: 'metrics',
      language: 'en',
      hosts: ['node.example'],
    },
    arednNode: `127.0.0.1:${(router.address() as AddressInfo).port}`,
  };
  panel = await createPanel(config, { serving: true, demo: false });
  await panel.discovery.ready();
  await setOwnerPassword(panel.store.settings, PASSWORD);
  app = Fastify(OWN_APP);
  await app.register((scope) => registerWeb(scope, panel));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  for (const name of ['log', 'error', 'warn', 'info', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation((...said) => void logged.push(said.map(String).join(' ')));
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    vi.spyOn(stream, 'write').mockImplementation((...args) => {
      logged.push(String(args[0]));
      return write(...(args as Parameters<typeof write>));
    });
  }
  await open();
});
afterAll(async () => {
  vi.restoreAllMocks();
  await app.close();
  await panel.close();
  await agent.close();
  router.close();
  rmSync(folder, { recursive: true });
});

/** The secrets in a text. */
const found = (text: string) => secrets.filter((word) => text.toLowerCase().includes(word.toLowerCase()));

it('were read from every source, and not all in vain', () => {
  expect(secrets.length).toBeGreaterThan(200);
  const read = Object.fromEntries(panel.discovery.sources().map(({ name, read }) => [name, read]));
  expect(read).toEqual({
    serf: expect.any(Number),
    list: expect.any(Number),
    aredn: expect.any(Number),
    olsr: expect.any(Number),
  });
  for (const count of Object.values(read)) expect(count).toBeGreaterThan(10);
});

it('are on no page, in no part of a page and in no answer, of the owner or a reader', async () => {
  const providers = panel.discovery.providers();
  const sources = panel.discovery.sources().map(({ name }) => name);
  const types = [...new Set(providers.map(({ type }) => type))];
  const nodes = [...new Set(providers.map(({ node }) => node))];
  const lists = [
    ...['', 'help', 'events', 'settings', 'search?q=camera', 'search?q=10.1', 'metrics'],
    ...sources.flatMap((name) => [`help/heard?source=${name}`, `help/skipped?source=${name}`]),
    ...types.map((type) => `services/${encodeURIComponent(type)}?per=100`),
  ];
  const single = [
    ...providers.map(({ type, id }) => `services/${encodeURIComponent(type)}/providers/${id}`),
    ...nodes.slice(0, 30).map((node) => `nodes/${encodeURIComponent(node)}`),
    'help/not-listed?node=node1&type=webdav',
  ];
  const some = single.filter((_, at) => at % 4 === 0);
  const api = ['services', 'status', 'events', ...lists, ...some].map((page) => `api/v1/${page}`);
  const owner = await new Visitor({ app }).login();
  const leaks: string[] = [];
  let answered = 0;
  const look = async (visitor: Visitor, url: string, headers: Record<string, string> = {}) => {
    const { statusCode, body } = await visitor.get(`/${url}`, headers);
    if (statusCode === 200) answered++;
    if (found(body).length > 0) leaks.push(`${url}: ${found(body).join(' ')}`);
  };
  for (const url of [...lists, ...single, ...api]) await look(owner, url);
  for (const url of lists) {
    await look(new Visitor({ app }), url, { authorization: 'Bearer metrics' });
    await look(owner, url, { 'hx-request': 'true' });
  }
  expect(leaks).toEqual([]);
  expect(answered).toBeGreaterThan(providers.length);
}, 240_000);

it('are in no list of the terminal', async () => {
  for (const json of [true, false]) {
    const io = fakeIo();
    const show = { json, words: loadLocales()('en') };
    await listServices(panel, io, show);
    for (const type of panel.discovery.words()) await listProviders(panel, io, type, show);
    expect(io.written.out.length).toBeGreaterThan(1_000);
    const said = io.written.out + io.written.err;
    expect(said.split('\n').filter((line) => found(line).length > 0)).toEqual([]);
  }
});

it('are in no announcement of the local network', () => {
  for (const mistake of MISTAKES) {
    const label = mistake().slice(0, 63).replaceAll('.', '\\.');
    const txt = [`url=${mistake()}`, `password=${secret()}`, `${mistake()}`];
    const service = readService(
      'web',
      `${label}._web._tcp.local`,
      [mistake().replaceAll('.', '\\.'), '80'],
      txt,
      '10.6.1.1',
    );
    const text = typeof service === 'string' ? service : JSON.stringify([service, ...service.txt]);
    expect(found(text)).toEqual([]);
  }
});

it('are in no file of the database, and in no line of the log', () => {
  panel.store.flush();
  const files = readdirSync(join(folder, 'data'));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files)
    expect([file, found(readFileSync(join(folder, 'data', file), 'latin1'))]).toEqual([file, []]);
  expect(found(logged.join('\n'))).toEqual([]);
});
