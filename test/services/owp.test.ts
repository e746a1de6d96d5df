/** OpenVZ Web Panel: the port is looked at, no more is claimed. */
import { describe, expect, it } from 'vitest';
import owp from '../../plugin/services/owp.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

describe('owp', () => {
  it('an open port is level 2 with a round-trip time, whoever listens', async () => {
    const impostor = await tcpServer((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nIt works!'));
    expect(await owp.probe(impostor, context())).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('a closed port is a refusal', async () => {
    expect(await owp.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('is used through its page, IPv6 in brackets, and never without a port', () => {
    expect(said(owp.use(provider({ port: 3000 })))).toEqual(['http://10.1.2.3:3000/', 'note']);
    expect(said(owp.use(provider({ address: 'fd00::1', port: 3000 })))[0]).toBe('http://[fd00::1]:3000/');
    expect(owp.use(provider({ port: null }))).toEqual([]);
  });

  it('announces no attributes of its own', () => {
    expect(owp.describe(new Map([['any', 'thing']]))).toEqual([]);
  });
});
