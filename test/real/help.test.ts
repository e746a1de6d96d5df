/** "Why is something not listed?" against real Serf agents: one that announces, one that does not, one that is gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { diagnose, type Step } from '../../plugin/present/diagnosis.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { type Agent, killAgents, startCommunity, until, writeTag } from './agents.js';

const folder = mkdtempSync(join(tmpdir(), 'help-'));
const words = loadLocales()('en');
let agents: Agent[];
let panel: Panel;

beforeAll(async () => {
  const entry = { s: 'dnsservice', d: 'x', m: 'x', i: '127.93.2.1', p: '53', e: '', t: '' };
  agents = await startCommunity([
    { name: 'here' },
    { name: 'announces', tags: { services: writeTag([entry]) } },
    { name: 'announces-rubbish', tags: { services: writeTag('rubbish') } },
    { name: 'silent' },
  ]);
  const serfRpc = (agents[0] as Agent).rpc;
  panel = await createPanel({
    ...loadConfig({ env: {}, file: '' }),
    serfRpc,
    avahi: 'off',
    demo: 'off',
    dataDir: folder,
  });
  await panel.discovery.ready();
});
afterAll(async () => {
  await panel.close();
  await killAgents();
  rmSync(folder, { recursive: true });
});

async function endOf(node: string): Promise<Step | undefined> {
  const steps = await diagnose(panel, words, { node, type: 'dnsservice' });
  return steps.find(({ state }) => state !== 'yes');
}

it('walks as far as each node lets it', async () => {
  expect(await endOf('')).toMatchObject({ id: 'tag', state: 'no' });
  expect(await endOf('silent')).toMatchObject({ id: 'tag', state: 'no' });
  expect(await endOf('announces-rubbish')).toMatchObject({ id: 'readable', state: 'no' });
  expect(await endOf('announces')).toMatchObject({ id: 'answers', state: 'unknown' });
  expect(await endOf('nobody')).toMatchObject({ id: 'member', state: 'no' });
});

it('sees a closed port after a scan, and an agent that is gone', async () => {
  await panel.jobs.ended(panel.scan('dnsservice').id);
  expect(await endOf('announces')).toMatchObject({ id: 'answers', state: 'no' });
  await (agents[0] as Agent).kill();
  await until('the agent is missed', async () => (await endOf('announces'))?.id === 'agent');
  expect(await endOf('announces')).toMatchObject({ id: 'agent', state: 'no', todo: expect.stringContaining('serf') });
});
