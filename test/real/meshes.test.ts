/**
 * Meshes from end to end: the built program in one network namespace, the stand-in nodes of an AREDN mesh in another, and
 * the files of olsrd. Few of the services run; some announcements are mistakes or malice.
 */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SourceStatus } from '../../plugin/discovery/source.js';
import { Daemon, Owner } from '../daemon.js';
import { until } from './agents.js';
import {
  CLOCK,
  COUNT,
  ELSEWHERE,
  HARMLESS,
  HOSTS,
  MESH,
  MISTAKES,
  NODES,
  olsrHosts,
  olsrServices,
  PAGES,
  SECRET,
  SERVICES,
  UNREADABLE,
} from './mesh-lists.js';
import { Network, type Program } from './namespaces.js';

/** olsrd's files are looked at every five seconds: many times that, on a machine with much else to do, ms. */
const CHANGE_LIMIT_MS = 60_000;
const START_LIMIT_MS = 60_000;

/** Markup, control characters and turned text of strangers. */
const STRANGE = /<script>alert|(?![\n\r\t])\p{Cc}|\u202e/u;

interface Row {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly port: number | null;
  readonly description: string;
  readonly sources: readonly string[];
  readonly level: number;
  readonly score: number | null;
  readonly reason: string | null;
  readonly verdict: string;
  readonly recommended: boolean;
}

let net: Network;
let mesh: Program;
/** What the stand-in nodes and services have said: whatever reached them. */
let asked = '';
let folder: string;
let daemon: Daemon;
let owner: Owner;

beforeAll(async () => {
  net = new Network();
  for (const name of ['here', 'mesh']) net.add(name);
  const ends = [...Object.values(NODES), ELSEWHERE].map((address) => `${address}/24`);
  net.join(['here', '10.93.0.1/24'], ['mesh', ...ends]);
  net.exec('here', 'ip', 'route', 'add', MESH, 'via', NODES.today);
  // Every address of it is one of that machine's, without a cable for each.
  net.exec('mesh', 'ip', 'route', 'add', 'local', MESH, 'dev', 'lo');
  mesh = await net.node('mesh', join(import.meta.dirname, 'mesh-program.ts'));
  await heard('"serving"');
  await startClock();
});
afterAll(() => net.remove());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshes-'));
});
afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

/** Resolves once the stand-ins have said that. */
const heard = (what: string) =>
  mesh.says((said) => {
    asked = said;
    return said.includes(what);
  }, START_LIMIT_MS);

/** The real chrony, by its own clock. */
async function startClock(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'meshes-chrony-'));
  const config = join(dir, 'chrony.conf');
  const lines = [`bindaddress ${CLOCK}`, 'allow all', 'cmdport 0', 'bindcmdaddress /', 'user root', 'local stratum 5'];
  writeFileSync(config, [...lines, `pidfile ${dir}/pid`, ''].join('\n'));
  net.run('mesh', 'chronyd', '-d', '-x', '-f', config);
  const isOpen = () => net.exec('mesh', 'ss', '-lun').includes(`${CLOCK}:123`);
  await until('the time server listens', isOpen, START_LIMIT_MS);
  rmSync(dir, { recursive: true });
}

/** The built program beside the mesh, with nothing but these settings. */
async function start(config: Readonly<Record<string, string>>): Promise<void> {
  const standard = { SCAN_CONCURRENCY: '16', SCAN_BYTES_PER_DAY: '1000000000', LANGUAGE: 'en' };
  daemon = await Daemon.start({ folder, config: { ...standard, ...config }, before: net.inside('here') });
  owner = await Owner.bySocket(daemon);
}

async function source(name: string): Promise<Omit<SourceStatus, 'lastUp'>> {
  const { sources } = await owner.get<{ sources: readonly SourceStatus[] }>('api/v1/status');
  const found = sources.find((source) => source.name === name);
  if (found === undefined) throw new Error(`there is no source ${name}`);
  return found;
}
/** Once it has been read, or could not be. */
async function tried(name: string) {
  await until(`${name} is read`, async () => (await source(name)).state !== 'connecting', START_LIMIT_MS);
  return source(name);
}

const rows = async (type: string) =>
  (await owner.get<{ providers: readonly Row[] }>(`api/v1/services/${type}`)).providers;

async function everyRow(): Promise<readonly (Row & { readonly type: string })[]> {
  const { services } = await owner.get<{ services: readonly { type: string }[] }>('api/v1/services');
  const all: (Row & { readonly type: string })[] = [];
  for (const { type } of services) for (const row of await rows(type)) all.push({ ...row, type });
  return all;
}

/** What a row of the node's list is, by its own hosts. */
function place({ link, ip, name }: { link: string; ip: string; name: string }): string {
  const title = name.replace(/ \[.*/, '');
  const [, host = '', port] = /^\w+:\/\/([^:/]+):(\d+)/.exec(link) ?? [];
  const address = link === '' ? ip : (HOSTS.find((known) => known.name === host)?.ip ?? host);
  return `${title} at ${address} ${port ?? null}`;
}
const placeOf = ({ description, address, port }: Row) => `${description} at ${address} ${port}`;

const counts = (reasons: readonly string[]) =>
  Object.fromEntries([...new Set(reasons)].map((reason) => [reason, reasons.filter((one) => one === reason).length]));

/** Everything that a visitor can get of those rows. */
async function everyPage(all: readonly (Row & { readonly type: string })[]): Promise<Map<string, string>> {
  const types = [...new Set(all.map(({ type }) => type))];
  // Those at the node of the mistakes, and a sample of the rest.
  const single = all.filter(({ node, address }, at) => node === 'AB1CD-4' || address === PAGES[0] || at % 16 === 0);
  const providers = single.map(({ type, id }) => `services/${type}/providers/${id}`);
  const lists = [1, 2, 3, 4].map((page) => `help/heard?source=aredn&page=${page}`);
  const twins = [
    ...['help/skipped?source=aredn', 'nodes/AB1CD-4', 'search?q=camera', 'search?q=anna', 'events'],
    ...[...types.map((type) => `services/${type}`), ...providers],
  ];
  const paths = ['', ...lists, ...twins, 'api/v1/status', 'api/v1/services', ...twins.map((path) => `api/v1/${path}`)];
  const pages = new Map<string, string>();
  for (const path of paths) pages.set(path, await owner.text(path));
  for (const type of types) pages.set(`${type}.csv`, await owner.text(`services/${type}/measurements.csv`));
  return pages;
}

/** Those that run come first, with a score; each of the others has a reason. */
function ranksFirst(ranked: readonly Row[], runs: (row: Row) => boolean, count: number): void {
  const [good, dead] = [ranked.slice(0, count), ranked.slice(count)];
  expect(good.filter(runs)).toHaveLength(count);
  expect(good.filter(({ reason, score, level }) => reason !== null || !score || level < 3)).toEqual([]);
  expect(dead.length).toBeGreaterThanOrEqual(COUNT - count);
  expect(dead.filter(({ reason, score }) => reason === null || score !== 0)).toEqual([]);
}

/** Ends the program; then neither its files nor its log have one. */
async function keepsNoSecret(): Promise<void> {
  await daemon.close();
  expect(daemon.exitCode).toBe(0);
  const files = readdirSync(folder).filter((name) => name.includes('sqlite'));
  const bytes = files.map((name) => readFileSync(join(folder, name), 'latin1')).join('');
  // What was measured is there.
  expect(bytes).toContain('refused');
  expect(bytes.toLowerCase()).not.toContain(SECRET.toLowerCase());
  expect(daemon.log.join('\n')).not.toContain(SECRET);
}

describe('a node of an AREDN mesh', () => {
  it('is read, merged with the own list, measured and ranked; what is wrong with it stays outside', async () => {
    const [page = ''] = PAGES;
    const providers = join(folder, 'providers');
    writeFileSync(providers, `${JSON.stringify({ s: 'web', m: 'hand', i: page, p: '80', d: 'Kept by hand' })}\n`);
    await start({ AREDN_NODE: NODES.today, PROVIDERS_FILE: providers });

    const skipped = UNREADABLE.map(([reason]) => reason);
    expect(await tried('aredn')).toMatchObject({
      ...{ state: 'up', read: SERVICES.length + MISTAKES.length, skipped: counts(skipped) },
    });
    const before = await everyRow();
    const listed = new Set(before.map(placeOf));
    const own = `Page at ${page} 80`;
    expect(SERVICES.map(place).filter((one) => one !== own && !listed.has(one))).toEqual([]);
    expect(before.filter(({ address, port }) => address === page && port === 80)).toMatchObject([
      { type: 'web', description: 'Kept by hand', sources: ['list', 'aredn'] },
    ]);

    const wrong = before.filter(({ port }) => port !== null && port >= 8_101 && port <= 8_106);
    expect(wrong.map(({ port }) => port).toSorted()).toEqual([8_101, 8_102, 8_103, 8_104, 8_105]);

    // Texts have no port: two of one node are two rows all the same.
    const texts = before.filter(({ port, address }) => port === null && ['10.93.1.5', '10.93.1.6'].includes(address));
    expect(texts.map(({ description }) => description).toSorted()).toEqual([
      ...['Ask for Anna', 'Ask for Anna', 'Bookmark'],
      expect.stringMatching(/^Router/),
    ]);

    for (const type of ['web', 'ntp']) {
      const job = await owner.ended(await owner.scan(`services/${type}`));
      expect(job).toMatchObject({ state: 'done', error: null });
    }
    const isPage = ({ address, port }: Row) => port === 80 && PAGES.some((one) => one === address);
    ranksFirst(await rows('web'), isPage, PAGES.length);
    ranksFirst(await rows('ntp'), ({ address }) => address === CLOCK, 1);

    const pages = await everyPage(before);
    const leaks = [...pages].filter(([, text]) => text.toLowerCase().includes(SECRET.toLowerCase()));
    expect(leaks.map(([path]) => path)).toEqual([]);
    expect([...pages].filter(([, text]) => text.includes(HARMLESS)).length).toBeGreaterThan(3);
    const marked = [...pages].filter(([path]) => !path.includes('api/') && !path.endsWith('.csv'));
    expect(marked.filter(([, text]) => STRANGE.test(text))).toEqual([]);
    expect(marked.some(([, text]) => text.includes('&lt;script&gt;alert(1)'))).toBe(true);

    await keepsNoSecret();
    // Nor has a probe handed it on.
    await heard(`"address":"${page}"`);
    expect(asked).not.toContain(SECRET);
    expect(asked).not.toMatch(/authorization/i);
  }, 400_000);

  it.each(['older', 'oldest'] as const)(
    'of %s firmware has the same services',
    async (node) => {
      await start({ AREDN_NODE: NODES[node] });
      expect(await tried('aredn')).toMatchObject({ state: 'up', read: SERVICES.length, skipped: {} });
      const listed = (await everyRow()).map(placeOf);
      const first = `Page${node === 'oldest' ? ' 21\ufffd' : ''} at ${PAGES[0]} 80`;
      expect(listed.toSorted()).toEqual([first, ...SERVICES.slice(1).map(place)].toSorted());
    },
    120_000,
  );

  it.each([
    ['bare', /lists no services/],
    ['redirects', /status 302/],
    ['half', /only a part/],
    ['huge', /larger than 2 MiB/],
  ] as const)(
    'that is %s is away, says why, and costs nothing else',
    async (node, why) => {
      const providers = join(folder, 'providers');
      writeFileSync(providers, `${JSON.stringify({ s: 'web', i: PAGES[0], p: '80', d: 'Kept by hand' })}\n`);
      await start({ AREDN_NODE: NODES[node], PROVIDERS_FILE: providers });
      const { state, read, error } = await tried('aredn');
      expect([state, read]).toEqual(['away', 0]);
      expect(error?.message).toMatch(why);
      expect(await everyRow()).toMatchObject([{ type: 'web', sources: ['list'], description: 'Kept by hand' }]);
      expect(await owner.text('help')).toContain('AREDN_NODE');
      await heard(`"address":"${NODES[node]}"`);
      expect(asked).not.toContain(`"address":"${ELSEWHERE}"`);
    },
    120_000,
  );
});

describe('the files of olsrd', () => {
  const replace = (file: string, text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };

  it('are followed while they change, in Opennet’s dialect too', async () => {
    const [services, hosts, providers] = ['services', 'hosts', 'providers'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const [page, second] = PAGES;
    const first = [
      `http://${page}:80/|tcp|Page of the tower\t\t#10.93.1.1`,
      `http://anna:${SECRET}@tower.olsr:8101/?key=${SECRET}|tcp|${HARMLESS} pass=${SECRET}\t\t#10.93.1.1`,
      `openvpn://10.93.1.9:5101|udp|gw public_host:somewhere upload:293 download:11786 passwd:${SECRET}\t\t#10.93.1.9`,
      'dns://10.93.1.9:53|udp|dns\t\t#10.93.1.9',
      `http://roof.olsr:80/|tcp|Page of the roof\t\t#${second}`,
      `http://anna:${SECRET}@nobody.olsr:80/|tcp|x\t\t#10.93.1.1`,
      `half of a li`,
    ];
    writeFileSync(services, olsrServices(first));
    writeFileSync(hosts, olsrHosts([['10.93.1.1', 'tower.olsr']]));
    writeFileSync(providers, `${JSON.stringify({ s: 'web', i: page, p: '80', d: 'Kept by hand' })}\n`);
    await start({ OLSR_SERVICES_FILE: services, OLSR_HOSTS_FILE: hosts, PROVIDERS_FILE: providers });
    expect(await tried('olsr')).toMatchObject({
      ...{ state: 'up', read: 4, skipped: { 'unknown-name': 2, 'bad-entry': 1 } },
    });
    const all = await everyRow();
    expect(all.filter(({ port }) => port === 80)).toMatchObject([{ type: 'web', sources: ['list', 'olsr'] }]);
    expect(all.find(({ type }) => type === 'dnsservice')).toMatchObject({ address: '10.93.1.9', port: 53 });
    const gateway = all.find(({ port }) => port === 5101);
    const gatewayPage = await owner.text(`services/other/providers/${gateway?.id}`);
    expect(gatewayPage).toContain('11786');

    // The name comes with the other file, which olsrd writes later.
    replace(
      hosts,
      olsrHosts([
        ['10.93.1.1', 'tower.olsr'],
        [second, 'roof.olsr'],
      ] as const),
    );
    await until('the name is known', async () => (await source('olsr')).read === 5, CHANGE_LIMIT_MS);
    expect((await rows('web')).find(({ address }) => address === second)).toMatchObject({ node: 'roof.olsr' });
    // Half a file, as it is while olsrd writes it in place; then the rest of it.
    const whole = olsrServices([`ntp://${CLOCK}:123|udp|ntp\t\t#10.93.1.9`, ...first.slice(1)]);
    writeFileSync(services, whole.slice(0, whole.indexOf('upload')));
    await until('the part is read', async () => (await source('olsr')).read === 2, CHANGE_LIMIT_MS);
    writeFileSync(services, whole);
    await until('the whole is read', async () => (await source('olsr')).read === 5, CHANGE_LIMIT_MS);
    const tower = (await rows('web')).find(({ address, port }) => address === page && port === 80);
    expect(tower).toMatchObject({ sources: ['list'] });

    for (const type of ['web', 'ntp', 'dnsservice']) await owner.ended(await owner.scan(`services/${type}`));
    const running = (row: Row) => [row.address, row.reason, (row.score ?? 0) > 0];
    expect((await rows('ntp')).map(running)).toEqual([[CLOCK, null, true]]);
    const web = await rows('web');
    expect(web.slice(0, 2).map(running).toSorted()).toEqual([page, second].map((address) => [address, null, true]));
    expect(web.slice(2)).toMatchObject([{ port: 8101, reason: 'refused', score: 0 }]);
    expect(await rows('dnsservice')).toMatchObject([{ reason: 'refused', score: 0 }]);

    const paths = ['', 'services/web', 'services/other', 'help/heard?source=olsr', 'help/skipped?source=olsr'];
    const texts = await Promise.all([...paths, 'api/v1/services/web'].map((path) => owner.text(path)));
    expect([gatewayPage, ...texts].join('\n')).not.toContain(SECRET);
    expect(texts.join('\n')).toContain(HARMLESS);
    rmSync(services);
    await until('the file is missed', async () => (await source('olsr')).state === 'away', CHANGE_LIMIT_MS);
    expect(await rows('ntp')).toMatchObject([{ address: CLOCK }]);
    await keepsNoSecret();
  }, 400_000);
});
