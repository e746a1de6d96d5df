/** The whole way: a scan finds the recommended provider gone, and a real server is told; after a restart it is told that it is back. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openAlerts } from '../../plugin/alerts/index.js';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { shortenIds } from '../store/old-file.js';

let panel: Panel;
let closeAlerts: () => Promise<void>;
let server: Server;

it.each([
  ['a restart', () => {}],
  ['an update from ids of 12 digits', shortenIds],
])('reports the recommended provider as failing, and as back after %s', async (_, meanwhile) => {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  onTestFinished(async () => {
    await Promise.all([closeAlerts(), panel.close()]);
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
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
  writeFileSync(providersFile, JSON.stringify({ s: 'Docker', d: 'x', m: 'torre', i: '127.93.3.2', p: port }));
  const config: Config = {
    ...loadConfig({ env: {}, file: '' }),
    ...{ providersFile, dataDir: folder, serfRpc: { host: '127.93.3.3', port: 1 }, demo: 'off', avahi: 'off' },
    communityRanges: ['127.0.0.0/8'],
    notifyUrl: `http://127.93.3.1:${(server.address() as AddressInfo).port}/topic`,
    notifyAfter: 1,
  };
  const open = async () => {
    panel = await createPanel(config, { serving: true });
    closeAlerts = await openAlerts(panel);
    await panel.discovery.ready();
  };
  await open();
  const provider = panel.discovery.providers('Docker')[0]?.id as string;
  panel.store.recommendations.put('Docker', { provider, challenger: null });
  await panel.jobs.ended(panel.scan('Docker').id);
  await vi.waitFor(() => expect(got).toMatchObject([{ event: 'failing', provider: { address: '127.93.3.2' } }]));
  await Promise.all([closeAlerts(), panel.close()]);
  meanwhile(join(folder, 'cloudy-services.sqlite'), [provider]);
  service.listen(port, '127.93.3.2');
  await once(service, 'listening');
  await open();
  await panel.jobs.ended(panel.scan('Docker').id);
  await vi.waitFor(() => expect(got).toMatchObject([{ event: 'failing' }, { event: 'back' }]));
  const { attempts, history, recommendations } = panel.store;
  expect(new Set(attempts.of('Docker', provider).map(({ reason }) => reason !== null))).toEqual(new Set([true, false]));
  expect(history.days('Docker', provider, 0)).toHaveLength(1);
  expect(recommendations.get('Docker')?.provider).toBe(provider);
  service.close();
});
