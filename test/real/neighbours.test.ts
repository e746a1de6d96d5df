/** Three panels with real Serf agents tell each other what they have measured, over the wire and by nothing but their settings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { heardModel } from '../../plugin/present/community/heard.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { nameServers } from '../name-servers.js';
import { quietPort } from '../ports.js';
import { type Agent, killAgents, startCommunity, until, writeTag } from './agents.js';

afterEach(killAgents);

const TYPE = 'dnsservice';
const HOUR = 3_600_000;
const NAMES = ['can-mas', 'escola', 'la-torre'] as const;
/** Of this process alone, each node in a network of its own. */
const NET = 140 + (process.pid % 100);
const addressOf = (nth: number) => `127.${NET}.${nth}.1`;

async function panelOf(agent: Agent): Promise<Panel> {
  const dataDir = mkdtempSync(join(tmpdir(), 'neighbours-'));
  const config = loadConfig({ env: {}, file: '', serfFile: '' });
  const own = { dataDir, serfRpc: agent.rpc, avahi: 'off', shareListen: { host: agent.address, port: 0 } } as const;
  const panel = await createPanel(
    { ...config, ...own, communityRanges: ['127.0.0.0/8'] },
    { demo: false, serving: true },
  );
  onTestFinished(async () => {
    await panel.close();
    rmSync(dataDir, { recursive: true });
  });
  await panel.discovery.ready();
  return panel;
}

/** One service on each node, known to all through Serf. */
async function start() {
  const port = quietPort();
  const servers = await nameServers(NET, port, NAMES.length);
  onTestFinished(() => servers.close());
  const tags = (nth: number) => ({
    services: writeTag([{ s: TYPE, m: `${NAMES[nth]}.local`, i: `127.${NET}.0.${nth + 1}`, p: `${port}`, e: 'c' }]),
  });
  const agents = await startCommunity(
    NAMES.map((name, nth) => ({ name, address: addressOf(nth + 1), tags: tags(nth) })),
  );
  const panels = await Promise.all(agents.map(panelOf));
  for (const panel of panels)
    await until('all services are known', () => panel.discovery.providers(TYPE).length === NAMES.length);
  const at = (panel: Panel, nth: number) => {
    const found = panel.discovery.providers(TYPE).find(({ node }) => node === NAMES[nth]);
    if (!found) throw new Error(`${NAMES[nth]} is not listed`);
    return found;
  };
  return { agents, panels, at };
}

/** Measures all, and takes what was found as if it had been so an hour ago, too: one look tells too little. */
async function measureTwice(panel: Panel): Promise<void> {
  expect(await panel.jobs.ended(panel.scan(TYPE).id)).toMatchObject({ state: 'done' });
  for (const { id } of panel.discovery.providers(TYPE)) {
    const [attempt] = panel.store.attempts.of(TYPE, id, 1);
    if (attempt) panel.store.attempts.add({ ...attempt, at: attempt.at - HOUR });
  }
}

it('says who reached what one has not tried, and how neighbours see one’s own; and no more once it is off', async () => {
  const { agents, panels, at } = await start();
  const [own, ...others] = panels as [Panel, Panel, Panel];
  const [agent] = agents as [Agent, Agent, Agent];
  for (const panel of others) {
    await measureTwice(panel);
    await panel.community.on();
    expect(panel.community.status()).toMatchObject({ problem: null, tag: 'set' });
  }
  await until('both tags are known', async () => (await agent.cli('members')).match(/\bcs=\d+/g)?.length === 2);
  expect(own.community.about(at(own, 0).id)).toEqual([]);
  await own.community.on();
  await until('both were heard', () => own.community.about(at(own, 0).id).length === 2);

  const words = loadLocales()('en');
  const text = async (nth: number) => {
    const { ranked } = await own.provider(TYPE, at(own, nth).id);
    return heardModel(own, ranked, words, own.time.now())?.text;
  };
  expect(await text(0)).toBe('2 of 2 neighbours reach it (escola, la-torre).');
  // Not by the one that runs it.
  expect(await text(1)).toBe('You have not tried it. la-torre reached it this week.');
  expect(await text(2)).toBe('You have not tried it. escola reached it this week.');
  const { peers, address } = own.community.status();
  expect(peers.map(({ name, problem }) => [name, problem])).toEqual([
    ['escola', null],
    ['la-torre', null],
  ]);
  // Hearsay is no measurement.
  const { ranked } = await own.type(TYPE);
  expect(ranked.map(({ score, recommended }) => [score, recommended])).toEqual(NAMES.map(() => [null, false]));

  await own.community.off();
  expect(await text(1)).toBeUndefined();
  await expect(fetch(`http://${address}/api/v1/opinions`)).rejects.toThrow('fetch failed');
  expect((await agent.cli('members')).match(/\bcs=\d+/g)).toHaveLength(2);
});
