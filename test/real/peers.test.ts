/** Real agents that forgot each other find back by the command that the page shows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { knownPeers } from '../../plugin/node/peers.js';
import { createPanel } from '../../plugin/panel/open.js';
import { commandFor, emptyReason } from '../../plugin/present/empty.js';
import { killAgents, startAgent, until, writeTag } from './agents.js';

afterEach(killAgents);

it('a node whose agent was started anew is told through whom it was in its community', async () => {
  const [own, other] = await Promise.all([startAgent({ name: 'own' }), startAgent({ name: 'other' })]);
  const tag = writeTag([{ s: 'syncthing', m: 'other', i: other.address, p: '22000', e: 'c' }]);
  await other.cli('tags', '-set', `services=${tag}`);
  await own.cli('join', `${other.address}:${other.gossipPort}`);
  const dataDir = mkdtempSync(join(tmpdir(), 'peers-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const config = loadConfig({ env: {}, file: '', serfFile: '' });
  const panel = await createPanel(
    { ...config, dataDir, serfRpc: own.rpc, communityRanges: ['127.0.0.0/8'], avahi: 'off' },
    { demo: false, serving: true },
  );
  onTestFinished(() => panel.close());
  await until('the neighbour is remembered', () => knownPeers(panel.store.settings).length > 0);

  await Promise.all([own.kill(), other.kill()]);
  await Promise.all([own.start(), other.start()]);
  await until('the page says that it is alone', async () => (await emptyReason(panel)) === 'alone');
  const command = commandFor('alone', panel);
  expect(command).toBe(`serf join -rpc-addr=${own.rpc.host}:${own.rpc.port} ${other.address}:${other.gossipPort}`);
  const [, ...words] = command.split(' ');
  await own.cli(words[0] ?? '', ...words.slice(2));
  await until('both know each other', async () => (await own.cli('members')).trim().split('\n').length === 2);
});
