/** Web proxies: with login, open, refusing, overloaded; web servers that are none; and the file that browsers read. */
import { readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import proxy3 from '../../plugin/services/proxy3.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const FEDERATED = new Map([['Federated', 'Yes']]);
const SQUID = { Server: 'squid/5.7', Via: '1.1 proxy3.test (squid/5.7)' };
const LOGIN = { ...SQUID, 'Proxy-Authenticate': 'Basic realm="guifi-proxy3 federated"' };
const UNCACHED = { ...SQUID, 'X-Squid-Error': 'ERR_ONLY_IF_CACHED_MISS 0' };
const DENIED = { ...SQUID, 'X-Squid-Error': 'ERR_ACCESS_DENIED 0' };

async function probe(status: number, headers: OutgoingHttpHeaders) {
  const proxy = await webServer((_, response) => {
    response.writeHead(status, headers).end();
  });
  return proxy3.probe(proxy, context());
}

const proven = (facts: Record<string, string>) => ({
  level: 3,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'ttfb', value: expect.any(Number), method: 'http' },
  ],
  facts,
});
const closed = { login: 'yes', software: 'squid/5.7', realm: 'guifi-proxy3 federated' };
const open = { login: 'no', software: 'squid/5.7' };

describe('proxy3', () => {
  it('a proxy that wants a login works, as does an open one, without being asked to fetch anything', async () => {
    const seen: unknown[] = [];
    const proxy = await webServer(({ method, url, headers }, response) => {
      seen.push({ method, url, cache: headers['cache-control'] });
      response.writeHead(407, LOGIN).end();
    });
    expect(await proxy3.probe(proxy, context())).toEqual(proven(closed));
    expect(seen).toEqual([{ method: 'HEAD', url: 'http://probe.invalid/', cache: 'only-if-cached' }]);
    expect(await probe(504, UNCACHED)).toEqual(proven(open));
  });

  it.each([
    ['a page for every question', 200, { 'Content-Type': 'text/html' }],
    ['a gateway behind it that does not answer', 504, {}],
    ['nothing there', 404, {}],
    ['methods that it does not know', 405, { Allow: 'GET, HEAD' }],
    ['a login of its own', 401, { 'WWW-Authenticate': 'Basic realm="web"' }],
    ['407 without saying how to log in', 407, {}],
  ])('a web server with %s is not a proxy', async (_, status, headers) => {
    expect(await probe(status, headers)).toEqual({
      level: 2,
      reason: status === 504 ? 'broken' : 'wrong-protocol',
      detail: `HTTP ${status}`,
    });
  });

  it('distinguishes a proxy that declines us from one that cannot serve', async () => {
    expect(await probe(403, DENIED)).toEqual({ level: 3, reason: 'refuses-me', detail: 'HTTP 403' });
    const overloaded = { ...SQUID, 'X-Squid-Error': 'ERR_CONNECT_FAIL 111' };
    expect(await probe(503, overloaded)).toEqual({ level: 3, reason: 'broken', detail: 'HTTP 503' });
    const away = { ...SQUID, 'Mime-Version': '1.0', 'X-Squid-Error': 'ERR_READ_TIMEOUT 0' };
    expect(await probe(504, away)).toEqual({ level: 3, reason: 'broken', detail: 'HTTP 504' });
    expect(await probe(503, {})).toEqual({ level: 2, reason: 'broken', detail: 'HTTP 503' });
  });

  /** Answers to the whole address, and to the path that web servers are asked for. */
  async function probeTwo(whole: [number, OutgoingHttpHeaders?], path: [number, OutgoingHttpHeaders?]) {
    const asked: string[] = [];
    const server = await webServer(({ url = '', headers }, response) => {
      asked.push(`${url} ${headers.host}`);
      response.writeHead(...(url.startsWith('http:') ? whole : path)).end();
    });
    return { result: await proxy3.probe(server, context()), asked };
  }
  const TINY = { Server: 'tinyproxy/1.11.1' };

  it.each<readonly [string, [number, OutgoingHttpHeaders?], [number, OutgoingHttpHeaders?]]>([
    ['tinyproxy, which serves paths too', [500, TINY], [500, TINY]],
    ['privoxy', [404], [400]],
    ['3proxy', [502, { 'Proxy-Connection': 'close' }], [400]],
    ['squid without its headers', [504, { 'Content-Language': 'en' }], [400]],
    ['squid that does not keep to its copies', [503, { ...SQUID, 'X-Squid-Error': 'ERR_DNS_FAIL 0' }], [400]],
    ['one that serves its own pages beside', [502, { Server: 'Apache' }], [200]],
    ['an appliance that names itself', [504, { 'Proxy-Agent': 'Gate' }], [504]],
  ])('%s, open, works', async (_, whole, path) => {
    const { result } = await probeTwo(whole, path);
    expect(result).toMatchObject({ level: 3, facts: { login: 'no' }, samples: proven({}).samples });
  });

  it.each<readonly [string, number, string, OutgoingHttpHeaders]>([
    ['privoxy, which serves paths too', 404, 'No such domain', {}],
    ['squid without its headers, which serves paths too', 504, 'Gateway Timeout', { 'Mime-Version': '1.0' }],
  ])('%s, works', async (_, status, text, headers) => {
    const intercepting = await webServer((_, response) => response.writeHead(status, text, headers).end());
    expect(await proxy3.probe(intercepting, context())).toMatchObject({ level: 3, facts: { login: 'no' } });
  });

  it('Apache, which serves its own pages beside, works', async () => {
    const apache = await webServer(({ url = '' }, response) => {
      const [status, words] = url.startsWith('http:') ? ([500, 'Proxy Error'] as const) : ([200, 'OK'] as const);
      response.writeHead(status, words).end();
    });
    expect(await proxy3.probe(apache, context())).toMatchObject({ level: 3, facts: { login: 'no' } });
  });

  it.each<readonly [string, [number, OutgoingHttpHeaders?], [number, OutgoingHttpHeaders?]]>([
    ['tinyproxy', [403, TINY], [403, TINY]],
    ['squid without its headers', [403], [400]],
    ['squid that sends others to a page', [302, { ...SQUID, 'X-Squid-Error': '302:http://10.0.0.1/ 0' }], [400]],
    ['one that sends others to a page', [302, { Location: 'http://10.0.0.1/' }], [400]],
  ])('%s that serves others refuses', async (_, whole, path) => {
    const { result } = await probeTwo(whole, path);
    expect(result).toEqual({ level: 3, reason: 'refuses-me', detail: `HTTP ${whole[0]}` });
  });

  it.each<readonly [string, [number, OutgoingHttpHeaders?], [number, OutgoingHttpHeaders?]]>([
    ['has one answer for all', [404], [404]],
    ['redirects everybody', [301, { Location: '/x' }], [301, { Location: '/x' }]],
    ['takes the whole address for a path', [404], [200]],
    ['fails over such a path', [500], [200]],
    ['has an overloaded service behind it', [503], [200]],
    ['stands before a dead service', [502, { Server: 'nginx', Via: '1.1 front' }], [502]],
    ['wants TLS', [400], [400]],
  ])('a web server that %s is not a proxy', async (_, whole, path) => {
    const { result } = await probeTwo(whole, path);
    expect(result).toMatchObject({ level: 2, detail: `HTTP ${whole[0]}` });
  });

  it('is asked for the host that does not exist both times, and only once where the first answer tells', async () => {
    const { asked } = await probeTwo([404], [400]);
    expect(asked).toEqual(['http://probe.invalid/ probe.invalid', '/ probe.invalid']);
    expect((await probeTwo([500, TINY], [500])).asked).toHaveLength(1);
    expect((await probeTwo([200], [200])).asked).toHaveLength(1);
  });

  it('a first byte after three seconds is slow, not dead', async () => {
    const slow = await webServer((_, response) => {
      setTimeout(() => response.writeHead(407, LOGIN).end(), 3_000);
    });
    const result = await proxy3.probe(slow, context());
    expect(result).toEqual(proven(closed));
    expect(result.samples?.[1]?.value).toBeGreaterThan(2_900);
  });

  it('is entered in the browser or on the command line', () => {
    expect(said(proxy3.use(provider({ port: 3128 })))).toEqual([
      ...['10.1.2.3', '3128', 'note'],
      // On a phone, in Firefox, on Windows and macOS.
      ...['note', 'note', 'note'],
      'export http_proxy=http://10.1.2.3:3128/ https_proxy=http://10.1.2.3:3128/ no_proxy=localhost,127.0.0.1,::1',
      'Acquire::http::Proxy "http://10.1.2.3:3128/";\nAcquire::https::Proxy "http://10.1.2.3:3128/";',
    ]);
    // One that has just served us without an account asks for none.
    const open = { ...provider({ port: 3128 }), facts: { login: 'no' } };
    expect(JSON.stringify(proxy3.use(open))).not.toContain('one account works');
    expect(said(proxy3.use(provider({ address: 'fd00::1', port: 3128 })))[0]).toBe('fd00::1');
    expect(proxy3.use(provider({ port: null }))).toEqual([]);
  });

  it('says whether it is federated', () => {
    expect(proxy3.describe?.(FEDERATED)).toMatchObject([{ value: { es: 'sí', en: 'yes', de: 'ja' } }]);
    expect(proxy3.describe?.(new Map([['Federated', 'constructor']]))).toMatchObject([{ value: 'constructor' }]);
    expect(proxy3.describe?.(new Map())).toEqual([]);
  });
});

describe('proxy3, strangers', () => {
  meetsStrangers(proxy3);
});

describe('an account offered by a person', () => {
  const ACCOUNT = { user: 'anna', password: 'Pa:ss wörd' };
  const BASIC = `Basic ${Buffer.from('anna:Pa:ss wörd').toString('base64')}`;

  /** What comes of it, and what the proxy was shown, question by question. */
  async function offered(answer: (shown: string | undefined) => [number, OutgoingHttpHeaders]) {
    const shown: (string | undefined)[] = [];
    const proxy = await webServer(({ headers }, response) => {
      shown.push(headers['proxy-authorization']);
      response.writeHead(...answer(headers['proxy-authorization'])).end();
    });
    return { result: await proxy3.probe(proxy, { ...context(), account: ACCOUNT }), shown };
  }

  it('that opens the proxy shows that it works for that person', async () => {
    const { result, shown } = await offered((account) => (account === BASIC ? [504, UNCACHED] : [407, LOGIN]));
    expect(result).toEqual({ ...proven(closed), level: 5 });
    expect(shown).toEqual([undefined, BASIC]);
  });

  it.each([
    ['not welcome from here', [403, DENIED], 'refuses-me', 'HTTP 403'],
    ['met by an overload', [503, SQUID], 'broken', 'HTTP 503'],
  ] as const)('that is %s leaves no number, and no word of the account', async (_, answer, reason, detail) => {
    const { result } = await offered((account) => (account === undefined ? [407, LOGIN] : [...answer]));
    expect(result).toEqual({ level: 3, reason, detail });
  });

  it('that is refused is reported, and costs the proxy nothing', async () => {
    const { result } = await offered(() => [407, LOGIN]);
    const known = proven(closed);
    expect(result).toEqual({ ...known, facts: { ...known.facts, account: 'refused' } });
  });

  it('is sent only to a proxy that asked for a login', async () => {
    const answers: [number, OutgoingHttpHeaders][] = [
      [504, UNCACHED],
      [200, { 'Content-Type': 'text/html' }],
      [407, {}],
      [407, { ...SQUID, 'Proxy-Authenticate': 'Negotiate' }],
    ];
    for (const answer of answers) expect((await offered(() => answer)).shown).toEqual([undefined]);
  });
});

interface PacLibrary {
  createPacResolver(engine: object, program: string): (url: string) => Promise<string>;
}
interface Engine {
  readonly QuickJS: { create(options: { wasm: Uint8Array }): Promise<object> };
}

/** Without its types: the engine's do not hold where optional properties are exact. */
const load = (name: string): Promise<unknown> => import(name);

describe('the file for browsers', async () => {
  const { createPacResolver } = (await load('pac-resolver')) as PacLibrary;
  const { QuickJS } = (await load('quickjs-wasi')) as Engine;
  const wasm = readFileSync(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm'));
  const [file] = proxy3.files ?? [];
  const at = (...places: [string, number | null][]) => places.map(([address, port]) => provider({ address, port }));
  /** What a browser makes of it. */
  async function wayTo(url: string, best = at(['10.1.2.3', 3128])): Promise<string> {
    const findProxy = createPacResolver(await QuickJS.create({ wasm }), file?.write(best) ?? '');
    return findProxy(url);
  }

  it('is named and typed as browsers expect', () => {
    expect(file).toMatchObject({ name: 'proxy.pac', mediaType: 'application/x-ns-proxy-autoconfig' });
  });

  it('tries the best first, then the others, at most five, then without', async () => {
    const two = at(['10.1.2.3', 3128], ['fd00::1', 8080]);
    expect(await wayTo('https://example.org/', two)).toBe('PROXY 10.1.2.3:3128; PROXY [fd00::1]:8080; DIRECT');
    const seven = at(...[1, 2, 3, 4, 5, 6, 7].map((last): [string, number] => [`10.0.0.${last}`, 3128]));
    const ways = (await wayTo('https://example.org/', seven)).split('; ');
    expect(ways).toEqual([...[1, 2, 3, 4, 5].map((last) => `PROXY 10.0.0.${last}:3128`), 'DIRECT']);
  });

  it.each([
    'http://node7/',
    'http://localhost:7001/',
    'http://node7.guifi.local/',
    'https://vic--1234.ip.guifi.net/',
    'http://10.139.40.22/',
    'http://172.16.0.1/',
    'http://172.31.255.254/',
    'http://192.168.1.1/',
    'http://127.0.0.1/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[::1]/',
  ])('%s is reached without a proxy', async (url) => {
    expect(await wayTo(url)).toBe('DIRECT');
  });

  it.each([
    'http://example.org/',
    'http://8.8.8.8/',
    'http://172.15.0.1/',
    'http://172.32.0.1/',
    'http://192.169.0.1/',
    'http://100.10.0.1/',
    'http://10.example.org/',
    'http://notguifi.net/',
    'http://x.guifi.net.example.org/',
    'http://fd.example.org/',
    'http://[2001:db8::1]/',
  ])('%s is reached through the proxy', async (url) => {
    expect(await wayTo(url)).toBe('PROXY 10.1.2.3:3128; DIRECT');
  });

  it('without a proxy it sends everything directly', async () => {
    expect(await wayTo('http://example.org/', [])).toBe('DIRECT');
  });

  it('lets nothing but literal addresses and ports into the program', async () => {
    const evil = at(
      ['10.1.2.3"; alert(1); "', 3128],
      ['proxy.example.org', 3128],
      ['fe80::1%eth0', 3128],
      ['10.1.2.3', null],
      ['10.1.2.3', 1.5],
      ['10.1.2.4', 3128],
    );
    expect(await wayTo('http://example.org/', evil)).toBe('PROXY 10.1.2.4:3128; DIRECT');
  });
});
