/** Two hundred clients that send or read a byte a second: others do not notice, and they are cut off. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { read, slowClients } from '../../clients.js';
import { Daemon } from '../../daemon.js';
import { announcing } from '../../name-servers.js';
import { atMost, type Mark, percentile } from '../marks.js';
import { residentMB } from '../served.js';

const LIST = 'services/dnsservice';
const EACH = 100;
/** Rows of the page that they ask for. */
const ROWS = 100;
/** The longest of the daemon's limits, and some, ms. */
const WATCHED_MS = 40_000;
/** A reader's pause between two pages, ms. */
const PAUSE_MS = 100;

export async function slow(): Promise<readonly Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const daemon = await Daemon.start({ folder, config: announcing(folder, 89, 20_155, ROWS) });
  const browser = new Agent({ keepAlive: true });
  const pages = ['', LIST, `api/v1/${LIST}`].map((path) => daemon.url + path);
  const connections = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
  try {
    // What a page costs by itself is not asked here.
    for (let round = 0; round < 200; round++) await read(pages[round % pages.length] as string, browser);
    const before = { memory: residentMB(daemon.pid), connections: connections() };
    const clients = await slowClients(`${daemon.url}${LIST}?rows=${ROWS}`, EACH, EACH);
    const times: number[] = [];
    let most = 0;
    for (const until = performance.now() + WATCHED_MS; performance.now() < until; await wait(PAUSE_MS)) {
      times.push((await read(pages[times.length % pages.length] as string, browser)).ms);
      most = Math.max(most, residentMB(daemon.pid));
    }
    const left = connections() - before.connections;
    clients.close();
    const name = `${2 * EACH} slow clients`;
    return [
      atMost(`${name}: a page for somebody else, 99 of 100`, percentile(times, 0.99), 'ms', 100),
      atMost(`${name}: memory`, most - before.memory, 'MB', 16),
      atMost(`${name}: of them still connected after ${WATCHED_MS / 1_000} s`, Math.max(0, left), 'clients', 0),
    ];
  } finally {
    browser.destroy();
    await daemon.close();
    rmSync(folder, { recursive: true });
  }
}
