/** A day of a Raspberry Pi: no clock, an agent that dies, a card that fills up, turns read-only and is left out at a start. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Daemon, giveOwner, Owner } from '../daemon.js';
import { nameServers } from '../name-servers.js';
import { quietPort } from '../ports.js';
import { type Agent, killAgents, startCommunity, until, writeTag } from './agents.js';
import { IN_1970, Pi } from './pi.js';

const NET = 93;
const COUNT = 3;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CLOCK = 'clock is not set';
const UNKEPT = 'Nothing is being saved';

interface List {
  readonly providers: readonly { readonly id: string; readonly score: number | null; readonly measuredAt: string }[];
}

let pi: Pi;
let servers: { close(): Promise<void> };
let agents: readonly Agent[];
let daemon: Daemon;
const owner = new Owner();

beforeAll(async () => {
  const port = quietPort();
  servers = await nameServers(NET, port, COUNT, 3);
  const tags = Array.from({ length: COUNT }, (_, index) => {
    const entry = {
      s: 'dnsservice',
      d: 'name server',
      m: `n${index}.local`,
      i: `127.${NET}.0.${index + 1}`,
      p: `${port}`,
    };
    return { services: writeTag([{ ...entry, e: '', t: '' }]) };
  });
  agents = await startCommunity([{ name: 'pi' }, ...tags.map((tag, index) => ({ name: `node${index}`, tags: tag }))]);
  pi = new Pi();
  await giveOwner(pi.data);
});
afterAll(async () => {
  await daemon?.close();
  pi?.remove();
  await killAgents();
  await servers?.close();
});

const start = async (days: number) => {
  const [agent] = agents as [Agent];
  daemon = await pi.start(days, {
    SERF_RPC: `${agent.rpc.host}:${agent.rpc.port}`,
    COMMUNITY_RANGES: '127.0.0.0/8',
    LANGUAGE: 'en',
  });
};
const page = async (path = '') => (await fetch(`${daemon.url}${path}`)).text();
const list = () => owner.get<List>('api/v1/services/dnsservice');
const listed = () => until('all are listed', async () => (await list()).providers.length === COUNT);
const scores = async () => new Map((await list()).providers.map(({ id, score }) => [id, score ?? Number.NaN]));
/** As good as before: both cores may have been busy with other things when they were measured again. */
async function expectScores(known: ReadonlyMap<string, number>): Promise<void> {
  const now = await scores();
  expect([...now.keys()].sort()).toEqual([...known.keys()].sort());
  for (const [id, score] of known) expect(Math.abs((now.get(id) ?? Number.NaN) - score)).toBeLessThan(30);
}
async function scan(): Promise<void> {
  expect(await owner.ended(await owner.scan('services/dnsservice'))).toMatchObject({ state: 'done', error: null });
}
/** How long ago each was measured by the clock of this test, ms. */
const ages = async () => (await list()).providers.map(({ measuredAt }) => Date.now() - Date.parse(measuredAt));
const newest = async () => Math.min(...(await ages()));

it('says nothing that is false, and loses nothing that it said was kept', async () => {
  // Three days ago: all is well.
  await start(-3);
  expect(await owner.visit(daemon)).toEqual({ loggedIn: true });
  await listed();
  await scan();
  const known = await scores();
  for (const score of known.values()) expect(score).toBeGreaterThan(50);
  expect(await page()).not.toContain(CLOCK);
  await daemon.close();

  // Today, without a network at first: it starts in 1970.
  await start(IN_1970);
  expect(await owner.visit(daemon)).toEqual({ loggedIn: false });
  expect(await page()).toContain(CLOCK);
  await listed();
  await expectScores(known);
  await scan();
  pi.set(0);
  expect(await page()).not.toContain(CLOCK);
  expect(await owner.visit(daemon)).toEqual({ loggedIn: false });
  expect(await newest()).toBeGreaterThanOrEqual(0);
  expect(await newest()).toBeLessThan(2 * MINUTE);
  await expectScores(known);

  // The agent dies, and comes back.
  const [agent] = agents as [Agent];
  await agent.kill();
  await until('its absence is noticed', async () => (await fetch(`${daemon.url}healthz`)).status === 503);
  await expectScores(known);
  expect((await list()).providers).toHaveLength(COUNT);
  await agent.start();
  await agent.cli('join', ...agents.slice(1).map(({ address, gossipPort }) => `${address}:${gossipPort}`));
  await until('its return is noticed', async () => (await fetch(`${daemon.url}healthz`)).status === 200);
  await listed();

  // Somebody fills the card.
  await daemon.close();
  for (let nth = 0, size = 65_536; size >= 1; size >>= 2)
    for (;;) {
      try {
        writeFileSync(join(pi.data, `ballast${nth++}`), Buffer.alloc(size));
      } catch {
        break;
      }
    }
  await start(0);
  expect(await page()).toContain(UNKEPT);
  expect(daemon.log.join('\n')).toContain('The disk is full');
  expect(await owner.visit(daemon)).toEqual({ loggedIn: false });
  await listed();
  await scan();
  expect(await newest()).toBeLessThan(2 * MINUTE);
  for (const name of readdirSync(pi.data)) if (name.startsWith('ballast')) rmSync(join(pi.data, name));
  await daemon.close();

  // The card has turned read-only, and the clock is in 1970 again.
  pi.remount('ro');
  await start(IN_1970);
  expect(await page()).toContain(UNKEPT);
  expect(await page()).toContain(CLOCK);
  expect(daemon.log.join('\n')).toContain('The disk cannot be written');
  const other = new Owner();
  expect(await other.visit(daemon)).toEqual({ loggedIn: true });
  expect(await owner.visit(daemon)).toEqual({ loggedIn: false });
  await listed();
  await expectScores(known);
  await scan();
  await expectScores(known);
  await daemon.kill();

  // Without the card there is nothing to show: that is said.
  pi.mount('ro');
  await start(0);
  expect(await page()).toContain(UNKEPT);
  expect(daemon.log.join('\n')).toContain('No owner yet');
  await daemon.close();
  pi.unmount();

  // All is well again.
  pi.remount('rw');
  await start(0);
  expect(await page()).not.toMatch(new RegExp(`${UNKEPT}|${CLOCK}`));
  expect(await owner.visit(daemon)).toEqual({ loggedIn: false });
  await listed();
  await expectScores(known);
  expect(await newest()).toBeGreaterThanOrEqual(0);
  expect(await newest()).toBeLessThan(10 * MINUTE);
  const [provider] = (await list()).providers;
  const days = [-3, 0].map((ago) => new Date(Date.now() + ago * DAY).toISOString().slice(0, 10));
  const rows = await page(`services/dnsservice/providers/${provider?.id}/measurements.csv`);
  const dated = rows
    .split('\r\n')
    .slice(1)
    .flatMap((row) => row.slice(0, 10) || []);
  expect([...new Set(dated)].sort()).toEqual(days);
  expect(readdirSync(pi.data).filter((name) => name.includes('damaged'))).toEqual([]);
  expect(existsSync(join(pi.data, 'cloudy-services.sqlite'))).toBe(true);
}, 180_000);
