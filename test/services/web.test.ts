/** Web sites: plain, encrypted, locked, broken, and what is none. */
import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import web from '../../plugin/services/web/index.js';
import {
  certificate,
  closedPort,
  context,
  ownAddress,
  startPage,
  target,
  tcpServer,
  webServer,
} from '../probe/servers.js';
import { provider, said } from './providers.js';

const probe = (of: Target, asked = false) => web.probe(of, { ...context(), asked });
const samples = [
  { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
  { metric: 'ttfb', value: expect.any(Number), method: 'http' },
];
const answering = (status: number) => webServer((_, response) => response.writeHead(status).end());

describe('web', () => {
  it('a page answers; its title is asked for when a person asks', async () => {
    const page = await startPage();
    const software = 'Apache/2.4.62 (Debian)';
    expect(await probe(page)).toEqual({ level: 3, samples, facts: { software } });
    const name = 'Apache2 Debian Default Page: It works';
    expect(await probe(page, true)).toEqual({ level: 3, samples, facts: { software, name } });
  });

  it('is asked for its own folder by a head, and never by more', async () => {
    const asked: string[] = [];
    const server = await webServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.end();
    });
    await probe({ ...server, txt: new Map([['path', '/notes']]) });
    await probe({ ...server, txt: new Map([['path', '/x?user=a']]) });
    expect(asked).toEqual(['HEAD /notes', 'HEAD /']);
  });

  it.each([
    [200, { level: 3, samples, facts: {} }],
    [302, { level: 3, samples, facts: {} }],
    [401, { level: 3, samples, facts: { login: 'required' } }],
    [403, { level: 3, samples, facts: { access: 'forbidden' } }],
    [404, { level: 3, samples, facts: {} }],
    [501, { level: 3, samples, facts: {} }],
    [502, { level: 3, reason: 'broken', detail: 'HTTP 502' }],
  ])('status %s', async (status, result) => {
    expect(await probe(await answering(status))).toEqual(result);
  });

  it('that speaks HTTPS alone is asked by it, and linked so', async () => {
    const secure = createHttps(certificate('one'), (_, response) => response.end());
    secure.listen(0, ownAddress());
    await once(secure, 'listening');
    onTestFinished(() => void secure.close());
    const { address, port } = secure.address() as AddressInfo;
    expect(await probe(target({ address, port }))).toEqual({
      level: 3,
      samples,
      facts: {
        ...{ https: String(port), 'tls until': '2126-10-30T02:05:32.000Z', 'tls issuer': 'self' },
        ...{ 'tls name': 'syncthing', 'tls key': expect.stringMatching(/^[\da-f]{32}$/) },
      },
    });
    const announced = provider({ port: 8_443, txt: new Map(Object.entries({ scheme: 'https', path: '/x' })) });
    expect(said(web.use(announced))).toEqual(['https://10.1.2.3:8443/x']);
    expect(said(web.use({ ...announced, facts: {} }))).toEqual(['http://10.1.2.3:8443/x']);
    expect(said(web.use({ ...announced, facts: { https: '8443' } }))).toEqual(['https://10.1.2.3:8443/x']);
  });

  it('what speaks something else, hangs up or is silent is none', async () => {
    const ssh = await tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'));
    const results = [ssh, await tcpServer((socket) => socket.end()), await tcpServer(), await closedPort()].map((one) =>
      probe(one),
    );
    expect(await Promise.all(results)).toEqual([
      { level: 2, reason: 'wrong-protocol' },
      { level: 2, reason: 'closed' },
      { level: 2, reason: 'timeout' },
      { level: 1, reason: 'refused' },
    ]);
  });
});
