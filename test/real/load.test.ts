/** The built daemon under many visitors at once: people who read during a scan, and clients that take their time. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { broken, type Read, read, reader, slowClients } from '../clients.js';
import { Daemon, Owner } from '../daemon.js';
import { announcing, nameServers } from '../name-servers.js';
import { quietPort } from '../ports.js';
import { until } from './agents.js';

const LIST = 'services/dnsservice';
const NET = 86;
const COUNT = 30;
const PORT = quietPort();
/** Of the time limits that a slow client meets, the longest, and as much again, ms. */
const CUT_WITHIN_MS = 60_000;

let folder: string;
let daemon: Daemon;
let owner: Owner;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'load-'));
  const servers = await nameServers(NET, PORT, COUNT, 5);
  onTestFinished(() => servers.close());
  daemon = await Daemon.start({ folder, config: announcing(folder, NET, PORT, COUNT) });
  owner = await Owner.bySocket(daemon);
});

afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;

async function slow() {
  const clients = await slowClients(`${daemon.url}${LIST}?rows=500`, 100, 100);
  onTestFinished(() => clients.close());
  return clients;
}

it('a scan under twenty readers ends right, and each of them gets whole pages', async () => {
  const { providers } = await owner.get<{ providers: { id: string }[] }>(`api/v1/${LIST}`);
  const pages = ['', LIST, `${LIST}/providers/${providers[0]?.id}`, `api/v1/${LIST}`].map((path) => daemon.url + path);
  const over = new AbortController();
  const seen: Read[] = [];
  const reading = Array.from({ length: 20 }, (_, nth) => reader(nth, { pages, stay: 400 }, over.signal, seen));
  const job = await owner.ended(await owner.scan(LIST));
  over.abort();
  await Promise.all(reading);
  expect(job).toMatchObject({ state: 'done', error: null });
  expect(seen.length).toBeGreaterThan(40);
  expect(broken(seen)).toEqual([]);
  const after = await owner.get<{ providers: { reason: string | null; attempts: number }[] }>(`api/v1/${LIST}`);
  expect(after.providers.filter(({ reason, attempts }) => reason !== null || attempts === 0)).toEqual([]);
});

it('two hundred slow clients do not keep a reader out, and are cut off', async () => {
  const browser = new Agent({ keepAlive: true });
  await read(daemon.url, browser);
  const before = descriptors();
  const clients = await slow();
  await until('all are there', () => descriptors() >= before + 200);
  for (const path of ['', LIST]) expect(broken([await read(daemon.url + path, browser)])).toEqual([]);
  await until('none of them is left', () => descriptors() <= before, CUT_WITHIN_MS);
  expect(clients.open).toBeLessThan(200);
  expect(broken([await read(daemon.url, browser)])).toEqual([]);
  browser.destroy();
}, 90_000);

it('ends when it is told to, under slow clients and in the middle of a scan', async () => {
  await slow();
  const job = await owner.scan(LIST);
  await until('the scan has begun', async () => (await owner.job(job.id)).done > 0);
  // It would be killed after ten seconds.
  expect(await daemon.close()).toBeLessThan(5_000);
  expect(daemon.exitCode).toBe(0);
});
