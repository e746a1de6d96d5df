/** DNS rebinding: under a name that leads here without being this node's, the panel is read and takes no orders. */
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { PanelError } from '../../plugin/model/errors.js';
import { assertKnownHost } from '../../plugin/web/auth/hosts.js';
import { startWeb, type TestWeb, Visitor } from './app.js';

const SCAN = '/services/dnsservice/scan';

let web: TestWeb;
afterEach(() => web?.app.close());

async function owner(options?: Parameters<typeof startWeb>[0]): Promise<Visitor> {
  web = await startWeb(options);
  return new Visitor(web).login();
}

const NAMES = ['node.example'];
const self = hostname().split('.', 1)[0] ?? '';

describe('a host', () => {
  it.each([
    '127.0.0.1:7001',
    '10.139.40.7',
    '[::1]:7001',
    '[fd00::7]',
    '[::ffff:10.0.0.1]',
    'localhost:7001',
    'LocalHost.',
    'cloudy',
    `${self}.local:7001`,
    `${self.toUpperCase()}.LOCAL.`,
    'node.example',
    'Node.Example.:80',
  ])('%s is this node’s', (host) => {
    expect(() => assertKnownHost(host, NAMES)).not.toThrow();
  });

  it.each([
    'rebound.example:7001',
    'node.example.evil.example',
    'evilnode.example',
    'other.local',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1.2',
    '256.0.0.1',
    '[::1].evil.example',
    '[1::2::3]',
    '[127.0.0.1]',
    '::1',
    'a b',
    'node.example:port',
    'node.example:123456',
    'user@localhost',
    'localhost/x',
    'localhost..',
    '.',
    '[]',
    '%6cocalhost',
    'lócalhost',
    'a.'.repeat(8000),
    '',
    undefined,
  ])('%s is unknown or missing', (host) => {
    expect(() => assertKnownHost(host, NAMES)).toThrowError(PanelError);
  });
});

describe('an order', () => {
  it('is accepted under an address and a configured name, and refused under any other', async () => {
    const visitor = await owner({ config: { hosts: ['node.example', 'panel.guifi.net'] } });
    const statuses: number[] = [];
    for (const host of ['127.0.0.1:7001', 'panel.guifi.net', 'rebound.example']) {
      statuses.push((await visitor.post(SCAN, {}, { host, origin: `http://${host}` })).statusCode);
    }
    expect(statuses).toEqual([303, 303, 421]);
  });

  it('starts nothing under an unknown name', async () => {
    const visitor = await owner();
    expect((await visitor.post(SCAN, {}, { host: 'rebound.example' })).statusCode).toBe(421);
    expect(web.panel.jobs.running()).toEqual([]);
  });

  it('to log in is refused even with the right password', async () => {
    web = await startWeb();
    const visitor = new Visitor(web, { host: 'rebound.example' });
    await visitor.get('/login');
    expect((await visitor.post('/login', { password: 'four words in a row' })).statusCode).toBe(421);
  });

  it('is refused without a Host, and of two the first counts', async () => {
    web = await startWeb();
    const address = '127.89.1.1';
    const { port } = new URL(await web.app.listen({ host: address, port: 0 }));
    const post = async (version: string, ...hosts: string[]) => {
      const socket = connect(Number(port), address);
      const head = [`POST /language HTTP/${version}`, ...hosts.map((host) => `Host: ${host}`), 'Content-Length: 0'];
      socket.write(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`);
      return (await text(socket)).split(' ')[1];
    };
    expect(await post('1.0')).toBe('421');
    expect(await post('1.1')).toBe('400');
    expect(await post('1.1', 'rebound.example', 'localhost')).toBe('421');
    // Let through as far as the token.
    expect(await post('1.1', 'localhost', 'rebound.example')).toBe('403');
  });

  it('is judged by its Host alone, whatever a proxy’s headers say', async () => {
    const visitor = await owner();
    const headers = { host: 'rebound.example', 'x-forwarded-host': 'localhost', forwarded: 'host=localhost' };
    expect((await visitor.post(SCAN, {}, headers)).statusCode).toBe(421);
  });

  it('is accepted under any name where a host application has the login', async () => {
    web = await startWeb({ web: { authenticate: async () => 'owner' } });
    const visitor = new Visitor(web, { host: 'rebound.example' });
    await visitor.get('/');
    expect((await visitor.post(SCAN)).statusCode).toBe(303);
  });
});

describe('reading', () => {
  it('is possible under any name', async () => {
    const visitor = await owner();
    for (const url of ['/', '/services/dnsservice', '/api/v1/services', '/public/style.css', '/healthz']) {
      expect((await visitor.get(url, { host: 'rebound.example' })).statusCode, url).toBe(200);
    }
  });
});

describe('a page', () => {
  const host = 'Rebound.Example:7001';

  it('warns on every page that orders would be refused, in each language', async () => {
    web = await startWeb();
    for (const [language, words] of [
      ['ca', 'no té configurat el nom rebound.example: poseu HOSTS=rebound.example a /etc/cloudy-services.conf'],
      [
        'es',
        'no tiene configurado el nombre rebound.example: ponga HOSTS=rebound.example en /etc/cloudy-services.conf',
      ],
      ['en', 'is not set up for the name rebound.example: set HOSTS=rebound.example in /etc/cloudy-services.conf'],
    ] as const) {
      const visitor = new Visitor(web, { host, 'accept-language': language });
      for (const url of ['/login', '/', '/services/dnsservice', '/help', '/no-such-page'])
        expect((await visitor.get(url)).body, url).toContain(words);
    }
  });

  it('does not warn under a known name, nor where another application has the login', async () => {
    web = await startWeb();
    for (const known of ['127.0.0.1:7001', 'node.example', 'cloudy'])
      expect((await new Visitor(web, { host: known }).get('/login')).body).not.toContain('HOSTS');
    await web.app.close();
    web = await startWeb({ web: { authenticate: async () => 'reader' } });
    expect((await new Visitor(web, { host }).get('/')).body).not.toContain('HOSTS');
  });

  it.each(['<script>.example', '"onload=x.example', `${'a.'.repeat(200)}example`])(
    'repeats nothing that is no name: %s',
    async (strange) => {
      web = await startWeb();
      const { body } = await new Visitor(web, { host: strange }).get('/login');
      expect(body).not.toContain('HOSTS');
      expect(body).not.toContain(strange);
    },
  );
});

describe('a refusal', () => {
  const host = 'rebound.example';

  it('says in the page what to do, in each language', async () => {
    const visitor = await owner();
    for (const [language, words] of [
      ['ca', 'El tauler no té configurat aquest nom.'],
      ['es', 'El panel no tiene configurado este nombre.'],
      ['en', 'The panel is not set up for this host name.'],
    ] as const) {
      const { body, headers } = await visitor.post(SCAN, {}, { host, 'accept-language': language });
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(body).toContain(words);
      expect(body).toContain('HOSTS');
    }
  });

  it('is a message beside the button, for htmx', async () => {
    const visitor = await owner();
    const { body, headers, statusCode } = await visitor.post(SCAN, {}, { host, 'hx-request': 'true' });
    expect([statusCode, headers['hx-retarget']]).toEqual([421, '#cs-message']);
    expect(body).toContain('The panel is not set up for this host name.');
    expect(body).not.toContain('<html');
  });

  it('names the configuration line, for a program', async () => {
    const visitor = await owner();
    const answer = await visitor.postJson(`/api/v1${SCAN}`, {}, { host: 'Rebound.Example:7001' });
    expect([answer.statusCode, answer.json().error]).toMatchObject([421, { code: 'unknown-host' }]);
    expect(answer.json().error.hint).toContain('HOSTS=rebound.example ');
  });

  it('repeats nothing that is not a name', async () => {
    const visitor = await owner();
    const { body } = await visitor.post(SCAN, {}, { host: '<script>.example' });
    expect(body).toContain('names no host');
    expect(body).not.toContain('script>.example');
  });
});
