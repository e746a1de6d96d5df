/** Web applications of any kind, and ports with something else behind them. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { isFailed, type ProbeResult, type Target } from '../../plugin/probe/index.js';
import { type Program, toProgram } from '../../plugin/services/Docker/images.js';
import docker from '../../plugin/services/Docker/index.js';
import { ownCost } from '../costs.js';
import { certificate, closedPort, context, settledSockets, startPage, tcpServer, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const probe = (target: Parameters<typeof docker.probe>[0], of = context()) => docker.probe(target, of);
const rtt = { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' };
const proven = (facts = {}) => ({
  level: 3,
  samples: [rtt, { metric: 'ttfb', value: expect.any(Number), method: 'http' }],
  facts,
});

describe('Docker', () => {
  it('any web application serves, with the software it names, within what a probe may cost', async () => {
    const asked = context();
    expect(await probe(await startPage(), asked)).toEqual(proven({ software: 'Apache/2.4.62 (Debian)' }));
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(docker.cost.bytes);
  });

  it.each([401, 404, 405])('one that answers %i serves too', async (status) => {
    expect(await probe(await webServer((_, response) => response.writeHead(status).end()))).toEqual(proven());
  });

  it('a redirect is an answer, and is not followed', async () => {
    let followed = 0;
    const elsewhere = await webServer((_, response) => {
      followed += 1;
      response.end();
    });
    const location = `http://${elsewhere.address}:${elsewhere.port}/`;
    expect(await probe(await webServer((_, response) => response.writeHead(302, { location }).end()))).toEqual(
      proven(),
    );
    expect(followed).toBe(0);
  });

  it('one that reports itself broken has no number', async () => {
    expect(await probe(await webServer((_, response) => response.writeHead(502).end()))).toEqual({
      level: 3,
      reason: 'broken',
      detail: 'HTTP 502',
    });
  });

  it('something else, silence and hanging up prove nothing and fail nothing; a closed port has failed', async () => {
    const others = [
      await tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n')),
      await tcpServer(),
      await tcpServer((socket) => socket.end()),
      await tcpServer((socket) => socket.once('data', () => socket.end('-ERR unknown command\r\n'))),
    ];
    const results = await Promise.all([...others, await closedPort()].map((one) => probe(one)));
    const unproven = { level: 2, samples: [], facts: {} };
    expect(results).toEqual([unproven, unproven, unproven, unproven, { level: 1, reason: 'refused' }]);
  });

  it('one that never ends its head has failed all the same', async () => {
    const flood = await tcpServer((socket) => socket.write(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(3_000)}`));
    expect(await probe(flood)).toEqual({ level: 2, reason: 'too-large' });
  });

  it('is opened in the browser', () => {
    expect(said(docker.use(provider({ address: 'fd00::1', port: 8080 })))).toEqual(['http://[fd00::1]:8080/']);
    expect(docker.use(provider({ port: null }))).toEqual([]);
    expect(docker.describe).toBeUndefined();
  });
});

describe('Docker, of an announced image', () => {
  /** As a node announces it, with the spaces that a reader makes of `_`. */
  const probeOf = async (description: string, of: Target, asked = context()) =>
    docker.probe({ ...of, description }, asked);
  const bytes = (hex: string) => (socket: Socket) => socket.once('data', () => socket.write(Buffer.from(hex, 'hex')));
  const says = (text: string) => bytes(Buffer.from(text).toString('hex'));
  const spoken = (method: string, facts: Record<string, string>) => ({
    level: 3,
    samples: [rtt, { metric: 'ttfb', value: expect.any(Number), method }],
    facts,
  });

  it.each<[string, Program | null]>([
    ['owncloud:latest owncloud1', 'cloud'],
    ['wonderfall/nextcloud cloud', 'cloud'],
    ['chorn/alpine-etherpad-sqlite:latest etherpad', 'etherpad'],
    ['eclipse-mosquitto:2', 'mqtt'],
    ['registry:2 images', 'registry'],
    ['10.1.2.3:5000/school/postgres:15@sha256:00aa x', 'postgresql'],
    ['henkel/bittorrent-tracker', 'tracker'],
    ['Redis', 'redis'],
    ['wordpress:latest nextcloud', null],
    ['the nextcloud of the school', null],
    ['', null],
    ['<b>registry</b>', null],
    ['constructor', null],
  ])('"%s" means %s', (description, program) => {
    expect(toProgram(description)).toBe(program);
  });

  it.each<[string, (socket: Socket) => unknown, Record<string, string>]>([
    ['mosquitto', bytes('20020000'), { speaks: 'MQTT' }],
    ['mosquitto', bytes('20020005'), { speaks: 'MQTT', login: 'required' }],
    ['postgres:15', says('N'), { speaks: 'PostgreSQL' }],
    ['postgres:15', says('S'), { speaks: 'PostgreSQL' }],
    ['redis', says('+PONG\r\n'), { speaks: 'Redis' }],
    ['redis', says('-NOAUTH Authentication required.\r\n'), { speaks: 'Redis', login: 'required' }],
    ['redis', says('-DENIED Redis is running in protected mode'), { speaks: 'Redis', access: 'forbidden' }],
  ])('%s is asked in its own words (%#)', async (image, answer, facts) => {
    const asked = context();
    const result = await probeOf(image, await tcpServer(answer), asked);
    const method = { MQTT: 'mqtt', PostgreSQL: 'postgresql', Redis: 'redis' }[facts.speaks ?? ''] ?? '';
    expect(result).toEqual(spoken(method, facts));
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(200);
  });

  it('asks for a session of MQTT without a name or a memory, and leaves politely', async () => {
    const heard: Buffer[] = [];
    const server = await tcpServer((socket) =>
      socket.on('data', (chunk: Buffer) => {
        heard.push(chunk);
        socket.write(Buffer.from('20020000', 'hex'));
      }),
    );
    await probeOf('mosquitto', server);
    await expect.poll(() => Buffer.concat(heard).toString('hex')).toBe('100c00044d5154540402000a0000e000');
  });

  it.each(['mosquitto', 'postgres', 'redis'])(
    '%s whose port is a page is one, and whose port is anything else has not failed',
    async (image) => {
      expect(await probeOf(image, await startPage())).toEqual(proven({ software: 'Apache/2.4.62 (Debian)' }));
      const others = [
        await tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n')),
        await tcpServer((socket) => socket.end()),
        await tcpServer((socket) => socket.once('data', () => socket.write(Buffer.from('2002000300', 'hex')))),
      ];
      const results = await Promise.all(others.map((other) => probeOf(image, other)));
      expect(results).toEqual(others.map(() => ({ level: 2, samples: [], facts: {} })));
      expect(await probeOf(image, await closedPort())).toEqual({ level: 1, reason: 'refused' });
    },
  );

  it.each(['mosquitto', 'nextcloud'])('%s that is silent has not failed', async (image) => {
    expect(await probeOf(image, await tcpServer())).toEqual({ level: 2, samples: [], facts: {} });
  });

  const page = (path: string, answer: (response: ServerResponse) => void) =>
    webServer(({ url }, response) => (url === path ? answer(response) : void response.writeHead(404).end()));
  const STATUS = { installed: true, maintenance: false, versionstring: '29.0.4', productname: 'Nextcloud' };
  const json = (value: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(value));

  it.each<[string, string, (response: ServerResponse) => void, Record<string, string>]>([
    ['nextcloud', '/status.php', json(STATUS), { software: 'Nextcloud 29.0.4' }],
    ['etherpad/etherpad', '/api', json({ currentVersion: '1.3.0' }), { software: 'Etherpad, API 1.3.0' }],
    [
      'registry:2',
      '/v2/',
      (response) => response.writeHead(401, { 'Docker-Distribution-Api-Version': 'registry/2.0' }).end(),
      { speaks: 'Docker registry', login: 'required' },
    ],
    [
      'tracker',
      '/scrape?info_hash=xxxxxxxxxxxxxxxxxxxx',
      (response) => response.end('d5:filesdee'),
      { speaks: 'BitTorrent' },
    ],
  ])('%s tells what it is at %s, within what a probe may cost', async (image, path, answer, facts) => {
    const asked = context();
    expect(await probeOf(image, await page(path, answer), asked)).toEqual(proven(facts));
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(ownCost(docker).bytes);
  });

  it('one that says itself that it does not serve has failed', async () => {
    const server = await page('/status.php', json({ ...STATUS, maintenance: true }));
    expect(await probeOf('nextcloud', server)).toEqual({ level: 3, reason: 'broken', detail: 'in maintenance' });
  });

  it.each(['nextcloud', 'etherpad', 'registry', 'opentracker'])(
    '%s that answers as another web server is one; broken only at that page, nothing is known',
    async (image) => {
      expect(await probeOf(image, await startPage())).toMatchObject({
        level: 3,
        facts: { software: expect.stringContaining('Apache') },
      });
      const broken = await webServer((_, response) => void response.writeHead(500).end());
      expect(await probeOf(image, broken)).toEqual({ level: 2, samples: [], facts: {} });
    },
  );

  it('is used as what it is: by its image until a probe has looked, and by what that found afterwards', () => {
    const use = (description: string, facts?: Record<string, string>) =>
      said(docker.use({ ...provider({ port: 1_883, description }), ...(facts && { facts }) })).at(-1);
    expect(use('mosquitto')).toBe('mqtt://10.1.2.3:1883');
    expect(use('mosquitto', {})).toBe('http://10.1.2.3:1883/');
    expect(use('anything', { speaks: 'MQTT' })).toBe('mqtt://10.1.2.3:1883');
    expect(use('postgres')).toBe('psql -h 10.1.2.3 -p 1883 -U <user> <database>');
    expect(use('redis')).toBe('redis-cli -h 10.1.2.3 -p 1883');
    expect(use('x', { speaks: 'Docker registry' })).toBe('10.1.2.3:1883/');
    expect(use('x', { speaks: 'BitTorrent', https: '443' })).toBe('https://10.1.2.3:443/announce');
    expect(use('x', { speaks: 'constructor' })).toBe('http://10.1.2.3:1883/');
  });
});

describe('Docker, where the port speaks TLS alone', () => {
  /** A server that has this for a question in the clear, and TLS or an alert for the others. */
  async function encrypted(plain: string, tls: TlsOptions | null) {
    const secure =
      tls &&
      createTlsServer({ ...certificate('one'), ...tls }, (socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nServer: hidden\r\nContent-Length: 0\r\n\r\n'));
      });
    secure?.on('tlsClientError', () => {});
    return tcpServer((socket) => {
      socket.once('data', (first: Buffer) => {
        const at = `${socket.localAddress}:${socket.localPort}`;
        if (first[0] !== 0x16) return void socket.end(Buffer.from(plain.replace('@AT@', at), 'latin1'));
        if (!secure) return void socket.end(Buffer.of(0x15, 3, 3, 0, 2, 2, 40));
        socket.pause();
        socket.unshift(first);
        secure.emit('connection', socket);
        process.nextTick(() => socket.resume());
      });
    });
  }
  const link = (result: ProbeResult, port = 5_307) =>
    said(docker.use({ ...provider({ port }), ...(isFailed(result) ? {} : { facts: result.facts }) }));

  const PLAIN = [
    ['nginx', 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
    ['a program in Go', 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'],
    ['one that hangs up', ''],
    ['one that answers with an alert', '\x15\x03\x03\x00\x02\x02\x28'],
    ['one that sends on to itself', 'HTTP/1.1 307 Go\r\nLocation: https://@AT@/\r\nContent-Length: 0\r\n\r\n'],
    ['one that wants an upgrade', 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: close\r\n\r\n'],
  ] as const;

  it.each(PLAIN)('%s serves by HTTPS, and is opened so', async (_, plain) => {
    const server = await encrypted(plain, {});
    const asked = context();
    const result = await probe(server, asked);
    expect(result).toEqual(proven({ software: 'hidden', https: String(server.port) }));
    expect(link(result, server.port)).toEqual([`https://10.1.2.3:${server.port}/`]);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(docker.cost.bytes);
  });

  it('one of an old device, with TLS 1.0 alone, serves too', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await probe(await encrypted('', old))).toMatchObject({ level: 3, facts: { software: 'hidden' } });
  });

  it.each([...PLAIN.map(([name, plain]) => [name, plain, null] as const)])(
    '%s that wants a name or a certificate first is no proof, no failure, and https',
    async (_, plain, tls) => {
      const server = await encrypted(plain, tls);
      const result = await probe(server);
      expect(result).toEqual({ level: 2, samples: [rtt], facts: { https: String(server.port) } });
      expect(link(result)).toEqual([`https://10.1.2.3:${server.port}/`]);
    },
  );

  it('one that wants a certificate of its clients is neither proven nor failed', async () => {
    const server = await encrypted('', { requestCert: true, rejectUnauthorized: true });
    expect(await probe(server)).toEqual({ level: 2, samples: [rtt], facts: { https: String(server.port) } });
  });

  it('leaves no socket behind, whether it was let in, shut out or cancelled', async () => {
    const [open, shut] = [await encrypted('', {}), await encrypted('', null)];
    const silent = await tcpServer((socket) =>
      socket.once('data', (first: Buffer) => void (first[0] === 0x16 || socket.end())),
    );
    const before = await settledSockets();
    await Promise.all([open, shut, open, shut].map((server) => probe(server)));
    const abort = new AbortController();
    const cancelled = probe(silent, context(abort.signal));
    setTimeout(() => abort.abort(new Error('cancelled')), 200);
    await expect(cancelled).rejects.toThrow('cancelled');
    await expect.poll(settledSockets).toEqual(before);
  });

  it('"400" from one without TLS is an answer like any other', async () => {
    const web = await webServer((_, response) => response.writeHead(400).end());
    expect(await probe(web)).toEqual(proven());
  });
});
