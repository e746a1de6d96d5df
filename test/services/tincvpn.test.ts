/** tinc: silent to strangers by design, so the port is looked at and no more is claimed. */
import { describe, expect, it } from 'vitest';
import tincvpn from '../../plugin/services/tincvpn.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

describe('tincvpn', () => {
  it('a port that opens and stays silent is level 2 with a round-trip time', async () => {
    expect(await tincvpn.probe(await tcpServer(), context())).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('a closed port is a refusal', async () => {
    expect(await tincvpn.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('is joined by exchanging host files', () => {
    expect(said(tincvpn.use(provider({ port: 655 })))).toEqual(['note', 'Address = 10.1.2.3 655']);
    expect(said(tincvpn.use(provider({ address: 'fd00::1', port: 655 })))).toContain('Address = fd00::1 655');
    expect(tincvpn.use(provider({ port: null }))).toEqual([]);
  });

  it('announces no attributes of its own', () => {
    expect(tincvpn.describe(new Map([['any', 'thing']]))).toEqual([]);
  });
});
