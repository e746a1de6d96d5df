/** The built daemon without a free file descriptor: it stays, blames nobody, and is whole again once there are some. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { read } from '../clients.js';
import { Daemon, Owner } from '../daemon.js';
import { announcing, nameServers } from '../name-servers.js';
import { StandIn } from '../node/stand-in.js';
import { quietPort } from '../ports.js';
import { until } from './agents.js';

const LIST = 'services/dnsservice';
const NET = 85;
const COUNT = 12;
const LIMIT = 64;

const PORT = quietPort();

let folder: string;
let daemon: Daemon;
let owner: Owner;
let servers: Awaited<ReturnType<typeof nameServers>>;
let systemctl: StandIn;
let browser: Agent;

beforeAll(async () => {
  systemctl = new StandIn();
  systemctl.unit('named.service', 'active');
  servers = await nameServers(NET, PORT, COUNT);
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'descriptors-'));
  browser = new Agent({ keepAlive: true, maxSockets: 1 });
  const config = announcing(folder, NET, PORT, COUNT);
  daemon = await Daemon.start({ folder, config, before: ['prlimit', `--nofile=${LIMIT}`] });
  owner = await Owner.bySocket(daemon);
});

afterEach(async () => {
  browser.destroy();
  await daemon.close();
  rmSync(folder, { recursive: true });
});

afterAll(async () => {
  await servers.close();
  systemctl.remove();
});

interface Type {
  readonly local: { readonly state: string };
  readonly providers: readonly { readonly reason: string | null; readonly attempts: number }[];
}

const type = () => owner.get<Type>(`api/v1/${LIST}`);
const attempts = async () => (await type()).providers.reduce((sum, one) => sum + one.attempts, 0);
const blamed = async () => (await type()).providers.filter(({ reason }) => reason !== null);
const asked = (path: string) => read(daemon.url + path, browser);
const allow = (count: number) => execFileSync('prlimit', [`--pid=${daemon.pid}`, `--nofile=${count}:`]);

/** The lowest number that the daemon has no descriptor of. */
function lowestFree(): number {
  const open = new Set(readdirSync(`/proc/${daemon.pid}/fd`));
  return Array.from({ length: LIMIT }, (_, number) => number).find((number) => !open.has(`${number}`)) ?? LIMIT;
}

it('turns connections away before they take the last descriptor, says so once, and measures meanwhile', async () => {
  const said = daemon.log.length;
  const { hostname, port } = new URL(daemon.url);
  const sockets: Socket[] = [];
  for (let nth = 0; nth < 3 * LIMIT; nth++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    sockets.push(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  }
  await until('most are turned away', () => sockets.filter((one) => one.closed).length > 2 * LIMIT);
  expect(await owner.ended(await owner.scan(LIST))).toMatchObject({ state: 'done', error: null });
  expect(await blamed()).toEqual([]);
  // Besides what was done, which is told too.
  const troubles = daemon.log.slice(said).filter((line) => !line.startsWith('by='));
  expect(troubles).toEqual([expect.stringContaining('new ones are turned away')]);
  for (const socket of sockets) socket.destroy();
  await until('there is room for others', async () => (await asked('').catch(() => null))?.status === 200);
});

it('without any left fails as what it is, blames no provider, and is whole again once there are some', async () => {
  await until('systemctl has answered', async () => (await type()).local.state === 'running');
  await asked('');
  const said = daemon.log.length;
  allow(lowestFree());

  const job = await owner.scan(LIST);
  expect(await owner.ended(job)).toMatchObject({ state: 'failed', error: { code: 'no-resources' } });
  expect(await attempts()).toBe(0);
  expect(await blamed()).toEqual([]);
  await until('systemctl cannot be started', async () => (await type()).local.state === 'unknown');
  // Whoever is connected already is answered; nobody else can be.
  for (const page of ['', LIST, `jobs/${job.id}`]) expect((await asked(page)).status, page).toBe(200);
  expect((await asked('public/icon.svg')).status).toBeGreaterThanOrEqual(400);
  expect((await asked('api/v1/openapi.json')).status).toBe(200);
  // Loaded on first use, and Node never retries a failed load: it must not begin.
  expect((await asked('api/v1/node')).status).toBe(503);
  for (let nth = 0; nth < 20; nth++) await read(daemon.url, new Agent()).catch(() => null);
  expect(daemon.exitCode).toBeNull();
  expect(daemon.log.slice(said).length).toBeLessThan(4);

  allow(LIMIT);
  expect(await owner.ended(await owner.scan(LIST))).toMatchObject({ state: 'done', error: null });
  expect(await attempts()).toBeGreaterThanOrEqual(COUNT);
  await until('systemctl is asked again', async () => (await type()).local.state === 'running');
  for (const page of ['', 'public/icon.svg', 'api/v1/openapi.json', 'help/not-listed?node=node1', 'api/v1/node'])
    expect((await asked(page)).status, page).toBe(200);
  expect(daemon.exitCode).toBeNull();
}, 120_000);
