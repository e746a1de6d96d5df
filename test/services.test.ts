/** One contract over every service type, and the loader that holds them to it. */
import { setMaxListeners } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SERVICES_DIR } from '../plugin/config/paths.js';
import type { ProbeResult, Target } from '../plugin/probe/index.js';
import { loadServices } from '../plugin/services/index.js';
import { ownCost } from './costs.js';
import { closedPort, context, deadHost, heldSockets, settledSockets, tcpServer, udpServer } from './probe/servers.js';
import { provider } from './services/providers.js';
import { stopwatch } from './stopwatch.js';

const WIRE_WORDS = [
  'dnsservice',
  'owp',
  'peerstreamer',
  'proxy3',
  'serf',
  'snpservice',
  'syncthing',
  'tahoe-lafs',
  'tincvpn',
];
/** No protocol to check: no score. */
const UNPROVEN = ['other'];
const registry = await loadServices();
/** Known, but shown only once somebody announces them. */
const FURTHER = [
  ...['bittorrent', 'confine', 'Docker', 'eucalyptus', 'ipfs', 'ntp', 'openstack', 'owncloud', 'proxmox', 'voip'],
  ...['web', 'webdav'],
];
/** Any web server is one. */
const OF_ANY_WEB = ['Docker', 'web'];
const everyType = [...registry.types, ...[...FURTHER, 'any word'].map((word) => registry.of(word))];
const TENTH = join(import.meta.dirname, 'fixtures', 'types', 'pastecat.mjs');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'types-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}
const probeAll = (target: Target) => Promise.all(everyType.map((type) => type.probe(target, context())));

const highest = (results: readonly ProbeResult[]) => Math.max(...results.map(({ level }) => level));

describe('the registry', () => {
  it('has the nine first types in the order of the search page, and a place for all others', () => {
    const ids = registry.types.map(({ id }) => id);
    expect(ids.filter((id) => WIRE_WORDS.includes(id))).toEqual(WIRE_WORDS);
    expect(WIRE_WORDS.every((word) => registry.has(word) && registry.of(word).id === word)).toBe(true);
    for (const word of ['docker', 'other', '', '__proto__', 'constructor']) {
      expect(registry.has(word)).toBe(false);
      expect(registry.of(word).id).toBe('other');
    }
  });

  it('knows later types beyond the nine', () => {
    for (const word of FURTHER) {
      expect(registry.of(word)).toMatchObject({ id: word, listed: 'when-announced' });
      expect(registry.has(word)).toBe(false);
    }
  });

  it('knows a type by its other words, and by the links of other networks, the closest pattern first', () => {
    expect(registry.canonical('tahoeintro')).toBe('tahoe-lafs');
    expect(registry.canonical('anything')).toBe('anything');
    // Registered names by which programs announce themselves on the local network (RFC 6335).
    const registered = ['http', 'https', 'webdavs', 'sip', 'domain', 'ntp', 'webdav', 'nextcloud'];
    expect(registered.map((word) => registry.canonical(word))).toEqual([
      ...['web', 'web', 'webdav', 'voip', 'dnsservice', 'ntp', 'webdav', 'owncloud'],
    ]);
    const recognise = (scheme: string, port: number | null, ...words: string[]) =>
      registry.recognise({ scheme, port, words });
    expect(recognise('dns', 5353)).toBe('dnsservice');
    expect(recognise('udp', 53)).toBe('dnsservice');
    expect(recognise('udp', 54)).toBeNull();
    expect(recognise('http', 3128, 'dns')).toBe('proxy3');
    expect(recognise('constructor', null)).toBeNull();
  });

  it('takes a tenth file in the folder as a tenth type', async () => {
    const path = folder();
    for (const entry of readdirSync(SERVICES_DIR, { withFileTypes: true })) {
      if (['index.ts', 'check.ts', 'contract.ts', 'steps.ts'].includes(entry.name)) continue;
      const name = entry.name.replace(/\.ts$/, '');
      const type = join(SERVICES_DIR, entry.isDirectory() ? `${name}/index.ts` : entry.name);
      writeFileSync(join(path, `${name}.ts`), `export { default } from '${type}';\n`);
    }
    copyFileSync(TENTH, join(path, 'pastecat.mjs'));
    const { types, of } = await loadServices(path);
    expect(types.map(({ id }) => id)).toEqual([...registry.types.map(({ id }) => id), 'pastecat'].sort());
    expect(of('pastecat').defaultPort).toBe(80);
  });

  it.each([
    ["id: 'dav'", 'id must equal the file name "pastecat"'],
    ["title: { ca: 'Carpetes' }", 'title needs a text in ca, es, en, de'],
    ['summary: undefined', 'summary needs a text in ca, es, en, de'],
    ["icon: '<svg onload=1>'", 'icon must be SVG path data'],
    ['defaultPort: 70000', 'defaultPort must be 1..65535 or null'],
    ["transports: ['sctp']", 'transports must list tcp, udp or both'],
    ["local: { units: [{ unit: '../../etc/passwd' }] }", 'units must name systemd .service units'],
    ["local: { units: [{ unit: 'a.service', opening: { label: good.title } }] }", 'opening needs label and text'],
    ['local: { units: [null] }', 'units must name systemd .service units'],
    ['local: null', 'units must name systemd .service units'],
    ["local: { units: [], link: 'yes' }", 'link must be true or false'],
    ['local: { units: [], publishTxt: {} }', 'publishTxt needs a text in ca, es, en, de'],
    ['local: { units: [], advice: {} }', 'advice needs a text in ca, es, en, de'],
    ["aliases: ['two words']", 'aliases must be words as on the wire'],
    ["links: [{ scheme: 'HTTP' }]", 'links need a scheme in lower case'],
    ["links: [{ scheme: 'http', port: 0 }]", 'links need a scheme in lower case'],
    ['probe: undefined', 'probe must be a function'],
    ['cost: { packets: 1, bytes: 0 }', 'cost needs packets and bytes'],
    ['askedCost: { packets: 1 }', 'askedCost needs packets and bytes'],
    ["identifies: 'yes'", 'identifies must be true or false'],
    ['introduce: true', 'introduce must be a function'],
    ['account: { label: good.title }', 'account needs label and explanation'],
    ['account: null', 'account needs label and explanation'],
    ['use: undefined', 'use must be a function'],
    ['describe: []', 'describe must be a function'],
    ['metrics: undefined', 'metrics must be a list'],
    ['metrics: []', 'weights sum to 0, not 1'],
    ['scoredFrom: null', 'metrics must be empty while scoredFrom is null'],
    ['scoredFrom: undefined', 'scoredFrom must be a level or null'],
    ['metrics: [{ ...good.metrics[0], weight: -1 }]', 'weight of answers must be above 0'],
    ['metrics: [{ ...good.metrics[0], useless: 1 }]', 'curve of answers needs two different anchors'],
    ["metrics: [{ ...good.metrics[0], scale: 'log' }]", 'curve of answers needs two different anchors'],
  ])('a type with %s stops the start, with file and fault named', async (fault, message) => {
    const file = join(folder(), 'pastecat.mjs');
    writeFileSync(file, `import good from '${pathToFileURL(TENTH)}';\nexport default { ...good, ${fault} };\n`);
    await expect(loadServices(join(file, '..'))).rejects.toMatchObject({
      code: 'bad-service-type',
      message: expect.stringContaining(message),
    });
    await expect(loadServices(join(file, '..'))).rejects.toThrow(file);
  });

  it.each([
    ['pastecat.mjs', 'export const type = 1;', 'it has no default export'],
    ['pastecat.mjs', 'export default {', 'it cannot be loaded'],
    ['index.mjs', '', 'the file for unknown types is missing'],
  ])('a folder with %s holding "%s" stops the start', async (name, text, message) => {
    const path = folder();
    writeFileSync(join(path, name), text);
    await expect(loadServices(path)).rejects.toMatchObject({
      code: 'bad-service-type',
      message: expect.stringContaining(message),
    });
  });
});

describe('every type', () => {
  it('declares a handshake that checks an identity', () => {
    expect(everyType.filter(({ identifies }) => identifies).map(({ id }) => id)).toEqual(['syncthing', 'tahoe-lafs']);
  });

  it.each(everyType)('$id has its own test', ({ id }) => {
    expect(existsSync(join(import.meta.dirname, 'services', `${id}.test.ts`))).toBe(true);
  });

  it.each(everyType)('$id shows nothing to use without a port, and never a stranger’s raw words', (type) => {
    const evil = '"><script>$(reboot)`';
    const txt = new Map(['', 'node_id', 'furl', 'Federated'].map((key) => [key, evil]));
    expect(type.use(provider({ type: type.id, port: null, txt }))).toEqual([]);
    expect(
      JSON.stringify(type.use(provider({ type: type.id, host: evil, node: evil, description: evil, txt }))),
    ).not.toContain('reboot');
  });

  it.each(everyType)('$id asks for every part of a line that it leaves open, and takes no more than a word', (type) => {
    const txt = new Map([['node_id', 'a2b3c4d5e6f7a2b3c4d5e6f7a2b3c4d5']]);
    for (const step of type.use(provider({ type: type.id, port: 53, txt }))) {
      if (step.kind !== 'copy') continue;
      const open = [...step.text.matchAll(/<(\w+)>/g)].map(([, name]) => name);
      expect([...new Set(open)].sort()).toEqual([...(step.holes ?? []).map(({ name }) => name)].sort());
      for (const { pattern } of step.holes ?? [])
        for (const evil of ['', 'a b', 'a;reboot', '$(reboot)', "a'", '../x', '-x', 'a\nb'])
          expect(new RegExp(`^(?:${pattern})$`).test(evil), `${pattern} ${evil}`).toBe(false);
    }
  });

  it('measures only weighted metrics, or the path where there are none', async () => {
    const server = await tcpServer();
    const unscored = everyType.filter(({ scoredFrom }) => scoredFrom === null);
    const results = await Promise.all(unscored.map((type) => type.probe(server, context())));
    for (const result of results) expect(result.samples?.map(({ metric }) => metric)).toEqual(['rtt']);
    expect(unscored.map(({ id }) => id)).toEqual(UNPROVEN);
  });

  it('fails without a number at a host that never answers, within eight seconds', async () => {
    const host = await deadHost();
    const elapsed = stopwatch();
    const results = await probeAll(host);
    expect(elapsed()).toBeLessThan(8_000);
    for (const result of results) expect(result).toEqual({ level: 0, reason: 'timeout' });
  });

  it('ends at once on abort, with every socket closed', async () => {
    const host = await deadHost();
    const before = await settledSockets();
    const abort = new AbortController();
    setMaxListeners(2 * everyType.length, abort.signal);
    const probes = everyType.map((type) => type.probe(host, context(abort.signal)));
    const ended = Promise.allSettled(probes);
    await settledSockets();
    expect(heldSockets().length).toBeGreaterThanOrEqual(before.length + everyType.length);
    const elapsed = stopwatch();
    abort.abort(new Error('cancelled'));
    const outcomes = await ended;
    expect(await settledSockets()).toEqual(before);
    expect(elapsed()).toBeLessThan(1_000);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'cancelled' } });
  });

  it('costs no more than declared at a port of another protocol', async () => {
    const web = await tcpServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await udpServer(({ reply }) => reply(Buffer.from('HTTP/1.1 400 Bad Request')), web);
    const results = await Promise.all(
      everyType.map(async (type) => {
        const of = context();
        const result = await type.probe(web, of);
        expect(of.traffic.sent + of.traffic.received).toBeLessThanOrEqual(ownCost(type).bytes);
        return result;
      }),
    );
    const isAnyWeb = (index: number) => OF_ANY_WEB.includes(everyType[index]?.id ?? '');
    expect(highest(results.filter((_, index) => !isAnyWeb(index)))).toBeLessThanOrEqual(2);
  });

  it('is not delayed by a flood', async () => {
    const junk = Buffer.alloc(50_000, 'x');
    const flood = await tcpServer((socket) => {
      const pour = () => {
        while (socket.writable && socket.write(junk));
      };
      socket.on('drain', pour);
      pour();
    });
    await udpServer(({ reply }) => {
      for (let sent = 0; sent < 100; sent += 1) reply(junk.subarray(0, 1_000));
    }, flood);
    const elapsed = stopwatch();
    const results = await probeAll(flood);
    expect(highest(results)).toBeLessThanOrEqual(2);
    expect(elapsed()).toBeLessThan(1_000);
  });

  it('reports a closed port at once; of an unknown service it only tells that the machine is alive', async () => {
    const closed = await closedPort();
    const results = await probeAll(closed);
    for (const [at, { id }] of everyType.entries()) {
      expect(results[at]).toEqual({
        level: 1,
        ...(id === 'other' ? { samples: [], facts: {} } : { reason: 'refused' }),
      });
    }
  });
});
