/** Graph servers: the port is looked at, no more is claimed. */
import { describe, expect, it } from 'vitest';
import snpservice from '../../plugin/services/snpservice.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

describe('snpservice', () => {
  it('an open port is level 2 with a round-trip time, also where another site listens', async () => {
    const apache = await tcpServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nApache2 Debian Default Page'));
    expect(await snpservice.probe(apache, context())).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('a closed port is a refusal', async () => {
    expect(await snpservice.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('is used through its pages', () => {
    expect(said(snpservice.use(provider({ address: 'fd00::1', port: 80 })))).toEqual([
      'http://[fd00::1]:80/snpservices/',
      'http://[fd00::1]:80/snpservices/index.php?call=help',
      'note',
    ]);
    expect(snpservice.use(provider({ port: null }))).toEqual([]);
  });

  it('announces no attributes of its own', () => {
    expect(snpservice.describe(new Map([['any', 'thing']]))).toEqual([]);
  });
});
