/** Peers with the right key, with another, without Syncthing behind the port, or without anything. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import syncthing, { announcedId, deviceId } from '../../plugin/services/syncthing/index.js';
import { certificate, closedPort, context, tcpServer, tlsServer, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const providerIdOf = (name: 'one' | 'two') => deviceId(new X509Certificate(certificate(name).cert).raw);
const [OURS, OTHER] = [providerIdOf('one'), providerIdOf('two')];
const announcing = (target: Target, text: string, key = 'node_id'): Target => ({
  ...target,
  txt: new Map([[key, text]]),
});
const peer = (version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') =>
  tlsServer({
    ALPNProtocols: ['bep/1.0'],
    minVersion: version,
    maxVersion: version,
    requestCert: true,
    rejectUnauthorized: false,
  });
const probe = (target: Target, of = context()) => syncthing.probe(target, of);
const proven = (level: number, tls = 'TLSv1.3') => ({
  level,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'handshake', value: expect.any(Number), method: 'tls' },
  ],
  facts: { id: OURS, tls },
});

describe('syncthing', () => {
  it('a peer whose key is the announced one is who it claims to be', async () => {
    const asked = context();
    expect(await probe(announcing(await peer(), OURS), asked)).toEqual(proven(4));
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(syncthing.cost.bytes);
    expect(asked.traffic.received).toBeGreaterThan(0);
  });

  it('old peers with TLS 1.2 are read as well', async () => {
    expect(await probe(announcing(await peer('TLSv1.2'), OURS))).toEqual(proven(4, 'TLSv1.2'));
  });

  it('a bare id counts; without one, or with one that cannot be, the protocol is all that is proven', async () => {
    const server = await peer();
    expect(await probe(announcing(server, OURS, ''))).toEqual(proven(4));
    expect(await probe(server)).toEqual(proven(3));
    expect(await probe(announcing(server, 'not-an-id'))).toEqual(proven(3));
  });

  it('another key is another peer, without a number', async () => {
    expect(await probe(announcing(await peer(), OTHER))).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: `it is ${OURS}`,
    });
  });

  it('other TLS, and no TLS, are not Syncthing', async () => {
    expect(await probe(await tlsServer())).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    expect(await probe(await tlsServer({ ALPNProtocols: ['h2', 'http/1.1'] }))).toEqual({
      level: 2,
      reason: 'wrong-protocol',
      detail: 'TLS',
    });
    const web = await tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await probe(web)).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('a closed port, one that hangs up and a silent one each fail with their own reason', async () => {
    const results = await Promise.all(
      [await closedPort(), await tcpServer((socket) => socket.end()), await tcpServer()].map((one) => probe(one)),
    );
    expect(results).toEqual([
      { level: 1, reason: 'refused' },
      { level: 2, reason: 'closed' },
      { level: 2, reason: 'timeout' },
    ]);
  });
});

describe('the announced device ID', () => {
  const plain = OURS.replaceAll('-', '');
  const short = plain.replace(/(.{13})./g, '$1');

  it('is eight groups of seven', () => {
    expect(OURS).toMatch(/^([A-Z2-7]{7}-){7}[A-Z2-7]{7}$/);
    expect(OTHER).not.toBe(OURS);
  });

  it.each([
    ['lower case', OURS.toLowerCase()],
    ['no dashes', plain],
    ['no check characters', short],
    ['digits mistaken for letters', OURS.replaceAll('O', '0').replaceAll('I', '1').replaceAll('B', '8')],
    ['what old nodes append', `${OURS},einfo={a;b}`],
  ])('is recognised with %s', (_, text) => {
    expect(announcedId(new Map([['node_id', text]]))).toBe(OURS);
    expect(announcedId(new Map([['', text]]))).toBe(OURS);
  });

  it.each([
    ['a wrong check character', `${plain.slice(0, -1)}${plain.endsWith('A') ? 'B' : 'A'}`],
    ['a character too few', plain.slice(1)],
    ['a shell command', '$(reboot)'],
  ])('is none with %s', (_, text) => {
    expect(announcedId(new Map([['node_id', text]]))).toBeNull();
  });
});

describe('syncthing, its use', () => {
  it('is its ID, and the command that adds it', () => {
    const announced = provider({ address: 'fd00::1', port: 22000, txt: new Map([['node_id', OURS]]) });
    expect(syncthing.use(announced).map(({ kind }) => kind)).toContain('qr');
    expect(said(syncthing.use(announced))).toEqual([
      ...[OURS, 'note', 'http://127.0.0.1:8384/', 'note', 'tcp://[fd00::1]:22000, dynamic'],
      'sudo apt install syncthing\nsystemctl --user enable --now syncthing',
      `syncthing cli config devices add --device-id ${OURS}\nsyncthing cli config devices ${OURS} addresses add 'tcp://[fd00::1]:22000'`,
      'note',
    ]);
  });

  it('without an ID, tells to ask for it; without a port, shows nothing', () => {
    expect(said(syncthing.use(provider({ txt: new Map([['node_id', '$(reboot)']]) })))).toEqual(['note']);
    expect(syncthing.use(provider({ port: null }))).toEqual([]);
  });

  it('shows the ID as Syncthing writes it', () => {
    expect(syncthing.describe?.(new Map([['node_id', OURS.toLowerCase()]]))).toMatchObject([{ value: OURS }]);
    expect(syncthing.describe?.(new Map())).toEqual([]);
  });
});

describe('adding it to this node’s Syncthing', () => {
  const neighbour = provider({ address: '10.1.2.3', port: 22000, txt: new Map([['node_id', OURS]]) });
  /** Sets up this node's own Syncthing in the home folder of the panel's user. */
  const setUp = (url: string, apiKey: string) => {
    const home = mkdtempSync(join(tmpdir(), 'home-'));
    vi.stubEnv('HOME', home);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(home, { recursive: true });
    });
    const { protocol, host } = new URL(url);
    const folder = join(home, '.config', 'syncthing');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'config.xml'),
      `<gui enabled="true" tls="${protocol === 'https:'}"><address>${host}</address><apikey>${apiKey}</apikey></gui>`,
    );
  };
  const add = async (url: string, signal = new AbortController().signal) => {
    setUp(url, 'secret');
    await syncthing.connect?.run(neighbour, { joinCommunity: async () => 0 }, signal);
  };
  const failure = (said: string) => ({ code: 'connect-failed', message: expect.stringContaining(said) });

  async function overTls(answer: RequestListener): Promise<string> {
    const server = createSecureServer(certificate('two'), answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const plain = async (answer: RequestListener) => {
    const { address, port } = await webServer(answer);
    return `http://${address}:${port}`;
  };

  it.each([
    ['plain', plain],
    ['TLS with its own certificate', overTls],
  ])('asks whether the device is known before it adds it, over %s', async (_, serve) => {
    const calls: string[] = [];
    const url = await serve(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      calls.push(`${request.headers['x-api-key']} ${request.method} ${request.url} ${body}`);
      response.writeHead(request.method === 'GET' ? 404 : 200, { 'X-Syncthing-Id': OTHER }).end();
    });
    await add(url);
    expect(calls).toEqual([
      `secret GET /rest/config/devices/${OURS} `,
      `secret POST /rest/config/devices {"deviceID":"${OURS}","name":"node1","addresses":["tcp://10.1.2.3:22000"]}`,
    ]);
  });

  it('reports a refusal, an endless answer, junk and silence, and hangs on none of them', async () => {
    const refusing = await plain((_, response) => response.writeHead(403).end('Forbidden'));
    const endless = await plain((_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', pour);
      pour();
    });
    const junk = await plain((_, response) => response.end('<html>'));
    await expect(add(refusing)).rejects.toMatchObject(failure('403 Forbidden'));
    await expect(add(endless)).rejects.toMatchObject(failure('too much'));
    await expect(add(junk)).rejects.toMatchObject(failure('took no order'));
    const abort = new AbortController();
    const silent = await plain(() => abort.abort());
    await expect(add(silent, abort.signal)).rejects.toMatchObject(failure('took no order'));
  });

  it('needs an address and an ID', () => {
    const { suits } = syncthing.connect ?? {};
    expect(suits?.(neighbour)).toBe(true);
    expect(suits?.({ ...neighbour, port: null })).toBe(false);
    expect(suits?.({ ...neighbour, txt: new Map() })).toBe(false);
  });
});
