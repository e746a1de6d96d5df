/** The whole way: a scan finds the recommended provider gone, and a real server is told; after a restart it is told that it is back. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { type Config, loadConfig } from '../../plugin/config.js';
import { createPanel, type Panel } from '../../plugin/panel.js';

const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
let panel: Panel;
let server: Server;
afterEach(async () => {
  await panel.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

it('tells of the recommended provider that fails, and of its return after a restart', async () => {
  const got: { event: string; provider: { address: string } }[] = [];
  server = createServer(async (request, reply) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    got.push(JSON.parse(text));
    reply.end();
  }).listen(0, '127.93.3.1');
  await once(server, 'listening');
  const service = createTcp((socket) => socket.destroy()).listen(0, '127.93.3.2');
  await once(service, 'listening');
  const { port } = service.address() as AddressInfo;
  service.close();
  const providersFile = join(folder, 'list.json');
  writeFileSync(providersFile, JSON.stringify({ s: 'unheard-of', d: 'x', m: 'torre', i: '127.93.3.2', p: port }));
  const config: Config = {
    ...loadConfig({ env: {}, file: '' }),
    ...{ providersFile, dataDir: folder, serfRpc: { host: '127.93.3.3', port: 1 }, demo: 'off', avahi: 'off' },
    communityRanges: ['127.0.0.0/8'],
    notifyUrl: `http://127.93.3.1:${(server.address() as AddressInfo).port}/topic`,
    notifyAfter: 1,
  };
  const open = async () => {
    panel = await createPanel(config, { serving: true });
    await panel.discovery.ready();
  };
  await open();
  const provider = panel.discovery.providers('unheard-of')[0]?.id as string;
  panel.store.recommendations.put('unheard-of', { provider, challenger: null });
  await panel.jobs.ended(panel.scan('unheard-of').id);
  await vi.waitFor(() => expect(got).toMatchObject([{ event: 'failing', provider: { address: '127.93.3.2' } }]));
  await panel.close();
  service.listen(port, '127.93.3.2');
  await once(service, 'listening');
  await open();
  await panel.jobs.ended(panel.scan('unheard-of').id);
  await vi.waitFor(() => expect(got).toMatchObject([{ event: 'failing' }, { event: 'back' }]));
  service.close();
});
