/** Web applications of any kind, and ports with something else behind them. */
import { describe, expect, it } from 'vitest';
import docker from '../../plugin/services/Docker.js';
import { closedPort, context, startPage, tcpServer, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const probe = (target: Parameters<typeof docker.probe>[0], of = context()) => docker.probe(target, of);
const proven = (facts = {}) => ({
  level: 3,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'ttfb', value: expect.any(Number), method: 'http' },
  ],
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

  it('something else, silence, hanging up and a closed port each fail with their own reason', async () => {
    const [other, silent, hangsUp, closed] = await Promise.all([
      tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n')),
      tcpServer(),
      tcpServer((socket) => socket.end()),
      closedPort(),
    ]);
    expect(await Promise.all([other, silent, hangsUp, closed].map((one) => probe(one)))).toEqual([
      { level: 2, reason: 'wrong-protocol' },
      { level: 2, reason: 'timeout' },
      { level: 2, reason: 'closed' },
      { level: 1, reason: 'refused' },
    ]);
  });

  it('is opened in the browser', () => {
    expect(said(docker.use(provider({ address: 'fd00::1', port: 8080 })))).toEqual(['http://[fd00::1]:8080/']);
    expect(docker.use(provider({ port: null }))).toEqual([]);
    expect(docker.describe).toBeUndefined();
  });
});
