/** Graph servers: a stand-in with exactly the answers of the original, near misses, and strangers. */
import { describe, expect, it } from 'vitest';
import snpservice from '../../plugin/services/snpservice.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

/** As PHP under Apache answers; any call but the version's is a mistake, two of them a dangerous one. */
function graphs(body: string, { type = 'text/plain;charset=UTF-8', status = 200, delayMs = 0, chunked = false } = {}) {
  return webServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/snpservices/index.php?call=version') {
      throw new Error(`asked ${request.method} ${request.url}`);
    }
    response.writeHead(status, { Server: 'Apache/2.4.62 (Debian)', 'Content-type': type });
    setTimeout(() => {
      if (chunked) response.write(body);
      response.end(chunked ? '' : body);
    }, delayMs);
  });
}

const proven = (version: string) => ({
  level: 3,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'ttfb', value: expect.any(Number), method: 'http' },
  ],
  facts: { version },
});

describe('snpservice', () => {
  it('is recognised by its version alone, within the declared cost', async () => {
    const asked = context();
    expect(await snpservice.probe(await graphs('0.2.3'), asked)).toEqual(proven('0.2.3'));
    const { bytes, packets } = snpservice.cost;
    expect(asked.traffic.sent + asked.traffic.received + packets * 52).toBeLessThan(bytes);
    expect(await snpservice.probe(await graphs('1.0', { chunked: true }), context())).toEqual(proven('1.0'));
  });

  it.each([
    ['a version as a web page', '0.2.3', { type: 'text/html' }],
    ['a version with an error', '0.2.3', { status: 404 }],
    ['a version with more behind it', '0.2.3 <script>', {}],
    ['a longer text', `0.2.3${'\n'.repeat(100)}0.2.3`, {}],
    ['a text that would not end', `0.2.3${'\n'.repeat(3_000)}`, {}],
    ['a web page with a version in it', '\n<h1>Manual</h1>\n0.2.3\n', { type: 'text/html' }],
    ['the code itself, where PHP does not run', "<?php echo '0.2.3';", {}],
    ['a number', '42', {}],
    ['nothing', '', {}],
  ])('%s is another site', async (_, body, options) => {
    expect(await snpservice.probe(await graphs(body, options), context())).toEqual({
      level: 2,
      reason: 'wrong-protocol',
      detail: expect.stringMatching(/^HTTP (200|404)$/),
    });
  });

  const HEADERS = 'Cannot modify header information - headers already sent by (output started at /etc/c.php:9)';
  it.each([
    ['a line break behind it', '0.2.3\n', {}],
    ['empty lines around it', '\r\n\r\n0.2.3\r\n', {}],
    ['an editor’s byte order marks', '\uFEFF\uFEFF0.2.3', {}],
    ['an empty line that came before its type', '\n0.2.3', { type: 'text/html; charset=UTF-8' }],
    ['a byte order mark that came before its type', '\uFEFF0.2.3', { type: 'text/html' }],
    [
      'complaints in HTML',
      `<br />\n<b>Warning</b>:  ${HEADERS} in <b>/usr/share/x.php</b> on line <b>12</b><br />\n0.2.3`,
      { type: 'text/html' },
    ],
    ['complaints as text', `\nDeprecated: Function each() is deprecated in /usr/share/x.php on line 3\n0.2.3\n`, {}],
    ['a letter before it', 'v0.2.3', {}],
  ])('is recognised with %s', async (_, body, options) => {
    expect(await snpservice.probe(await graphs(body, options), context())).toEqual(proven('0.2.3'));
  });

  it('is recognised as a build of a distribution', async () => {
    expect(await snpservice.probe(await graphs('0.2.4-1~bpo12+1'), context())).toEqual(proven('0.2.4-1~bpo12+1'));
  });

  it('a server that takes three seconds is slow, not dead; one in trouble cannot say what it is', async () => {
    const result = await snpservice.probe(await graphs('0.2.3', { delayMs: 3_000 }), context());
    expect(result).toEqual(proven('0.2.3'));
    expect(result.samples?.[1]?.value).toBeGreaterThan(2_900);
    const troubled = await graphs('', { status: 500 });
    expect(await snpservice.probe(troubled, context())).toMatchObject({ level: 2, reason: 'broken' });
  });

  it('is used through its pages', () => {
    expect(said(snpservice.use(provider({ address: 'fd00::1', port: 80 })))).toEqual([
      'http://[fd00::1]:80/snpservices/',
      'http://[fd00::1]:80/snpservices/index.php?call=help',
      'https://guifi.net/',
    ]);
    const zoned = { ...provider({ port: 80 }), facts: { zone: '3671' } };
    expect(said(snpservice.use(zoned))).toContain('https://guifi.net/node/3671');
    expect(snpservice.use(provider({ port: null }))).toEqual([]);
  });

  it('describes no attributes', () => {
    expect(snpservice.describe).toBeUndefined();
  });
});

describe('snpservice, asked for by a person', () => {
  const INFO = 'CNML services version 0.2.3 at Linux graphs 6.1.0 x86_64\n\nServer id: 1234\nRoot zone: 3671\n';

  /** Answers both calls, and records them. */
  async function ask(info: string, { txt = [] as [string, string][], asked = true, status = 200, delayMs = 0 } = {}) {
    const calls: (string | undefined)[] = [];
    const server = await webServer((request, response) => {
      calls.push(request.url?.split('call=')[1]);
      const isVersion = request.url?.endsWith('=version');
      response.writeHead(isVersion ? 200 : status, { 'Content-Type': 'text/plain;charset=UTF-8' });
      setTimeout(() => response.end(isVersion ? '0.2.3' : info), isVersion ? 0 : delayMs);
    });
    const of = { ...context(), asked };
    const result = await snpservice.probe({ ...server, txt: new Map(txt) }, of);
    return { result, calls, bytes: of.traffic.sent + of.traffic.received };
  }
  const known = (level: number, facts: object) => ({
    ...proven('0.2.3'),
    level,
    facts: { version: '0.2.3', ...facts },
  });
  const SERVER = { 'server id': '1234', zone: '3671' };

  it('tells which server it is, and of which zone, within the declared cost', async () => {
    const { result, calls, bytes } = await ask(INFO);
    expect(result).toEqual(known(3, SERVER));
    expect(calls).toEqual(['version', 'serverinfo']);
    const { cost, askedCost } = snpservice;
    const packets = cost.packets + (askedCost?.packets ?? 0);
    expect(bytes + packets * 52).toBeLessThan(cost.bytes + (askedCost?.bytes ?? 0));
    expect((await ask(INFO, { asked: false })).calls).toEqual(['version']);
  });

  it.each(['server_id', 'id'])(
    'with the announced %s is who it claims to be, with another it is another',
    async (key) => {
      expect((await ask(INFO, { txt: [[key, '1234']] })).result).toEqual(known(4, SERVER));
      const wrong = { level: 3, reason: 'wrong-identity', detail: 'it is 1234' };
      expect((await ask(INFO, { txt: [[key, '999']] })).result).toEqual(wrong);
    },
  );

  it.each([
    ['that does not know the call', 'Unknown call', {}],
    ['in trouble', INFO, { status: 500 }],
    ['whose answer has no end', 'x'.repeat(500_000), {}],
    ['with an id that is none', 'Server id: <script>\nRoot zone: -1\n', {}],
    ['that takes too long to say', INFO, { delayMs: 4_000 }],
  ])('one %s keeps its proven level', async (_, info, options) => {
    const { result, bytes } = await ask(info, { ...options, txt: [['id', '1234']] });
    expect(result).toEqual(known(3, {}));
    expect(bytes).toBeLessThan(150_000);
  });
});

describe('snpservice, strangers', () => {
  meetsStrangers(snpservice);
});
