/** The realms of a Proxmox VE by HTTPS, and what is none. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import proxmox from '../../plugin/services/proxmox/index.js';
import { certificate, context, ownAddress, target, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const REALMS = {
  data: [
    { realm: 'pam', type: 'pam', comment: 'Linux PAM' },
    { realm: 'pve', type: 'pve', default: 1 },
  ],
};

describe('proxmox', () => {
  it('lists its realms to everybody, by HTTPS', async () => {
    const asked: string[] = [];
    const server = createServer(certificate('one'), ({ url }, response) => {
      asked.push(url ?? '');
      response.end(JSON.stringify(REALMS));
    });
    server.listen(0, ownAddress());
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { address, port } = server.address() as AddressInfo;
    const of = context();
    expect(await proxmox.probe(target({ address, port }), of)).toEqual({
      level: 3,
      samples: [
        { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
        { metric: 'ttfb', value: expect.any(Number), method: 'http' },
      ],
      facts: { realm: 'pam, pve', https: String(port) },
    });
    expect(asked).toEqual(['/api2/json/access/domains']);
    expect(of.traffic.sent + of.traffic.received).toBeLessThan(proxmox.cost.bytes);
  });

  it.each([[[]], [{ data: [] }], [{ data: {} }], [{ data: [{ realm: '<script>' }] }], [{ data: ['pam'] }]])(
    'JSON of something else (%j) is none',
    async (says) => {
      const server = await webServer((_, response) => response.end(JSON.stringify(says)));
      expect(await proxmox.probe(server, context())).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    },
  );

  it('is opened by HTTPS, measured or not', () => {
    expect(said(proxmox.use(provider({ port: 8_006 })))).toEqual(['note', 'https://10.1.2.3:8006/']);
    expect(proxmox.use(provider({ port: null }))).toEqual([]);
  });
});

describe('proxmox, strangers', () => {
  meetsStrangers(proxmox);
});
