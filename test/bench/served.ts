/** The built panel as a process, and what it costs: memory and processor time as the kernel counts them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeFlags } from '../node-flags.js';
import { BUILT, stop } from './child.js';

export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  close(): Promise<void>;
}

/** Starts the daemon as `npm start` does, on a port of its own with a data folder of its own. */
export async function servePanel(serfPort: number): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const child = spawn(process.execPath, [...nodeFlags(), join(BUILT, 'cli.mjs'), 'serve'], {
    env: {
      PATH: process.env.PATH,
      // As in the scripts of package.json: two heaps of the C library do for a process that mostly waits.
      MALLOC_ARENA_MAX: '2',
      CLOUDY_SERVICES_LISTEN: '127.0.0.1:0',
      CLOUDY_SERVICES_SERF_RPC: `127.0.0.1:${serfPort}`,
      CLOUDY_SERVICES_DATA_DIR: folder,
      CLOUDY_SERVICES_DEMO: 'off',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const close = async () => {
    await stop(child);
    await rm(folder, { recursive: true });
  };
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url) return { url, child, close };
  }
  throw new Error('the panel ended before it listened');
}

/** Gets the page so many times, four at once over kept connections; every answer must be a 200. */
export async function load(url: string, times: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const one = () =>
    new Promise<void>((resolve, reject) => {
      get(url, { agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`));
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
  const lane = async () => {
    for (let count = 0; count < times / 4; count++) await one();
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  agent.destroy();
}

/** Resident memory of a process, MB (10⁶ bytes). */
export function residentMB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return (Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024) / 1e6;
}
