/** The built panel as a process, and what it costs: memory and processor time as the kernel counts them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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

/**
 * Starts the daemon as `npm start` does, on a port of its own with a data folder of its own.
 * @param filled a data folder with a list of providers beside it, as `listed` fills it; removed at the end
 */
export async function servePanel(serfPort: number, filled?: string): Promise<Served> {
  const folder = filled ?? (await mkdtemp(join(tmpdir(), 'bench-')));
  const child = spawn(process.execPath, [...nodeFlags(), join(BUILT, 'cli.mjs'), 'serve'], {
    env: {
      PATH: process.env.PATH,
      // As in the scripts of package.json: two heaps of the C library do for a process that mostly waits.
      MALLOC_ARENA_MAX: '2',
      CLOUDY_SERVICES_LISTEN: '127.0.0.1:0',
      CLOUDY_SERVICES_SERF_RPC: `127.0.0.1:${serfPort}`,
      CLOUDY_SERVICES_DATA_DIR: folder,
      CLOUDY_SERVICES_DEMO: 'off',
      ...(filled && {
        CLOUDY_SERVICES_PROVIDERS_FILE: join(filled, 'providers'),
        CLOUDY_SERVICES_BACKGROUND_SCAN: 'off',
      }),
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

interface Load {
  readonly headers?: Readonly<Record<string, string>>;
  /** What every answer must be. */
  readonly status?: number;
}

/** Gets the page so many times, four at once over kept connections. */
export async function load(url: string, times: number, { headers = {}, status = 200 }: Load = {}): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const one = () =>
    new Promise<void>((resolve, reject) => {
      get(url, { agent, headers }, (response) => {
        if (response.statusCode !== status) reject(new Error(`${url}: ${response.statusCode}`));
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
  const lane = async () => {
    for (let count = 0; count < times / 4; count++) await one();
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  agent.destroy();
}

/** The cookie of the owner, logged in. */
export async function ownerCookie(base: string, password: string): Promise<string> {
  const cookieOf = ({ headers }: Response) =>
    headers
      .getSetCookie()
      .map((cookie) => cookie.split(';', 1)[0])
      .join('; ');
  const page = await fetch(`${base}login`);
  const token = /name="token" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const body = new URLSearchParams({ token, password });
  const headers = { cookie: cookieOf(page) };
  const answer = await fetch(`${base}login`, { method: 'POST', body, headers, redirect: 'manual' });
  if (answer.status !== 303) throw new Error(`the login answered ${answer.status}`);
  return cookieOf(answer);
}

/** Processor time that the threads of a process have used, ms; of those that still run. */
export function threadsMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ', 1)[0]));
  return spent.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

/** Resident memory of a process, MB (10⁶ bytes). */
export function residentMB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return (Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024) / 1e6;
}
