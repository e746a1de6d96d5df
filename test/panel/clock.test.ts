/** The machine's clock is set while the panel runs: what is said, who is logged in and what may be spent stay as they are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { Clock } from '../../plugin/lib/clock/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { registerWeb } from '../../plugin/web/index.js';
import { FakeMachine } from '../machine.js';
import { announcing, nameServers } from '../name-servers.js';
import { quietPort } from '../ports.js';
import { PASSWORD, Visitor } from '../web/app.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const TRUE = Date.parse('2026-05-05T12:00:00Z');
const BUILT = Date.parse('2025-01-01T00:00:00Z');
const WORD = 'dnsservice';
const LIST = `/services/${WORD}`;
const NET = 91;
const COUNT = 3;

let folder: string;
let machine: FakeMachine;
let panel: Panel;
let app: FastifyInstance;

async function start(): Promise<void> {
  const standard = loadConfig({ env: {}, file: '' });
  const own = {
    communityRanges: ['127.0.0.0/8'],
    serfRpc: { host: '127.0.0.1', port: 1 },
    avahi: 'off',
    language: 'en',
    hosts: ['node.example'],
    dataDir: folder,
    providersFile: join(folder, 'providers'),
  } as const;
  panel = await createPanel({ ...standard, ...own }, { demo: false, clock: new Clock(BUILT, machine) });
  await panel.discovery.ready();
  app = Fastify();
  await app.register((scope) => registerWeb(scope, panel));
}
async function stop(): Promise<void> {
  await app.close();
  await panel.close();
}

beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  folder = mkdtempSync(join(tmpdir(), 'clock-'));
  const port = quietPort();
  const servers = await nameServers(NET, port, COUNT, 5);
  onTestFinished(() => servers.close());
  const file = announcing(folder, NET, port, COUNT).PROVIDERS_FILE as string;
  expect(file.startsWith(folder)).toBe(true);
  machine = new FakeMachine(40_000);
  await start();
  await setOwnerPassword(panel.store.settings, PASSWORD);
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

const scan = async () => panel.jobs.ended(panel.scan(WORD).id);
const scores = async () =>
  (await panel.type(WORD)).ranked
    .map(({ provider, score, attempts }) => [provider.id, Math.round(score ?? -1), attempts] as const)
    // Not by rank: what the second scan measures may put another one first.
    .toSorted(([a], [b]) => a.localeCompare(b));

it.each([
  ['from 1970 to today', TRUE],
  ['on by weeks', BUILT + 40 * DAY],
])('from a start in 1970, %s', async (_, to) => {
  const owner = await new Visitor({ app }).login();
  expect(await scan()).toMatchObject({ state: 'done' });
  const before = { scores: await scores(), spent: panel.background.status().spentToday };
  machine.pass(MINUTE);
  const { id } = panel.scan(WORD);
  machine.set(to);
  expect(await panel.jobs.ended(id)).toMatchObject({ state: 'done' });

  const after = await scores();
  for (const [index, [id, score]] of before.scores.entries()) {
    expect(after[index]?.[0]).toBe(id);
    expect(Math.abs(Number(after[index]?.[1]) - Number(score))).toBeLessThan(15);
    expect(after[index]?.[2]).toBeGreaterThan(Number(before.scores[index]?.[2]));
  }
  expect(panel.background.status().spentToday).toBeGreaterThan(before.spent);
  const job = panel.jobs.get(id);
  const lasted = Date.parse(job.finishedAt ?? '') - Date.parse(job.startedAt);
  expect(lasted).toBeGreaterThanOrEqual(0);
  expect(lasted).toBeLessThan(MINUTE);
  for (const { heardAt } of panel.discovery.providers())
    expect(Math.abs(heardAt - panel.time.now())).toBeLessThan(2 * MINUTE);
  for (const page of ['/', LIST, `${LIST}/providers/${after[0]?.[0]}`, '/events', `/jobs/${id}`]) {
    const { statusCode, body } = await owner.get(page);
    expect([page, statusCode]).toEqual([page, 200]);
    expect(body).toContain('/logout');
    expect(body).not.toMatch(
      /\b19(69|70)\b|(?<!used )\bin \d+ (second|minute|hour|day|week|month|year)s?\b|tomorrow|months? ago/,
    );
  }
});

it('keeps those who guess passwords waiting, and lets no session last longer', async () => {
  const owner = await new Visitor({ app }).login();
  const stranger = new Visitor({ app });
  await stranger.get('/login');
  const attempt = async () => (await stranger.post('/login', { password: 'wrong' })).statusCode;
  let status = 0;
  for (let tries = 0; tries < 8 && status !== 429; tries++) status = await attempt();
  machine.set(TRUE);
  expect(await attempt()).toBe(429);
  machine.set(-90 * DAY);
  expect(await attempt()).toBe(429);
  expect((await owner.get('/events')).statusCode).toBe(200);
  machine.pass(13 * 60 * MINUTE);
  expect((await owner.get('/events')).statusCode).not.toBe(200);
});

it('loses nothing where the clock is set while the panel is down', async () => {
  const owner = await new Visitor({ app }).login();
  await scan();
  const before = await scores();
  await stop();
  machine.set(TRUE);
  await start();
  expect(await scores()).toEqual(before);
  const again = new Visitor({ app });
  for (const [name, value] of owner.cookies) again.cookies.set(name, value);
  expect((await again.get('/events')).statusCode).toBe(200);
  for (const { measuredAt } of (await panel.type(WORD)).ranked)
    expect(Math.abs(Number(measuredAt) - panel.time.now())).toBeLessThan(MINUTE);
});
