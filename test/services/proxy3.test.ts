/** Web proxies: the port is looked at, no more is claimed. */
import { describe, expect, it } from 'vitest';
import proxy3 from '../../plugin/services/proxy3.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

describe('proxy3', () => {
  it('an open port is level 2 with a round-trip time, and is sent no request', async () => {
    const probe = context();
    expect(await proxy3.probe(await tcpServer(), probe)).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
    expect(probe.traffic.sent).toBe(0);
  });

  it('a closed port is a refusal', async () => {
    expect(await proxy3.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('is entered in the browser or on the command line', () => {
    expect(said(proxy3.use(provider({ port: 3128 })))).toEqual([
      '10.1.2.3:3128',
      'export http_proxy=http://10.1.2.3:3128/ https_proxy=http://10.1.2.3:3128/',
      'note',
    ]);
    expect(said(proxy3.use(provider({ address: 'fd00::1', port: 3128 })))[0]).toBe('[fd00::1]:3128');
    expect(proxy3.use(provider({ port: null }))).toEqual([]);
  });

  it('says whether it is federated', () => {
    expect(proxy3.describe(new Map([['Federated', 'Yes']]))).toMatchObject([{ value: 'Yes' }]);
    expect(proxy3.describe(new Map())).toEqual([]);
  });
});
