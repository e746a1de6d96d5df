/** The daemon in this process: TCP, socket, start, close, restart and demo. */
import { execFile } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import { reachableUrls } from '../../plugin/config/install.js';
import { PACKAGE_FILE } from '../../plugin/config/paths.js';
import { announce, startDaemon } from '../../plugin/daemon/index.js';
import { createPanel, wantsDemo } from '../../plugin/panel/open.js';
import { BRIDGE_PATH } from '../../plugin/web/cloudy.js';
import { stopwatch } from '../stopwatch.js';

let folder: string;
let daemons: Awaited<ReturnType<typeof startDaemon>>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'server-'));
  daemons = [];
});
afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.close()));
  rmSync(folder, { recursive: true });
});

const configWith = (change: Partial<Config>): Config => ({
  ...loadConfig({ env: {}, file: '' }),
  listen: { host: '127.0.0.1', port: 0 },
  // Nobody listens on port 1: no Serf agent answers.
  serfRpc: { host: '127.0.0.1', port: 1 },
  dataDir: folder,
  ...change,
});

async function start(change: Partial<Config> = {}, demo = true) {
  const daemon = await startDaemon(configWith(change), demo);
  daemons.push(daemon);
  return daemon;
}

function overSocket(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => resolve(response.resume().statusCode ?? 0))
      .once('error', reject)
      .end();
  });
}

describe('the daemon', () => {
  it('serves the same pages over TCP and over its socket, below its base path', async () => {
    const socket = join(folder, 'panel.sock');
    const { url } = await start({ socket, basePath: '/cloudy/' });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/cloudy\/$/);
    expect((await fetch(`${url}healthz`)).status).toBe(200);
    expect(await overSocket(socket, '/cloudy/healthz')).toBe(200);
    expect(await overSocket(socket, '/healthz')).toBe(404);
  });

  it('shows the same demo as a command beside it and as the next daemon', async () => {
    const { panel } = await start();
    const ids = panel.discovery.providers().map(({ id }) => id);
    const command = await createPanel(configWith({}), { demo: true });
    expect(command.discovery.providers().map(({ id }) => id)).toEqual(ids);
    await command.close();
    await daemons.pop()?.close();
    expect((await start()).panel.discovery.providers().map(({ id }) => id)).toEqual(ids);
  });

  it('takes over a socket that a killed process left behind', async () => {
    const socket = join(folder, 'panel.sock');
    await abandonSocket(socket);
    await start({ socket });
    expect(await overSocket(socket, '/healthz')).toBe(200);
  });

  it('says what to do where its address is in use, and leaves nothing open', async () => {
    const { url } = await start();
    const port = Number(new URL(url ?? '').port);
    const second = startDaemon(configWith({ listen: { host: '127.0.0.1', port } }), true);
    await expect(second).rejects.toMatchObject({ code: 'bad-config', hint: expect.stringContaining('LISTEN') });
  });

  it('ends where its pages cannot be registered', async () => {
    const program = join(dirname(PACKAGE_FILE), 'dist', 'cli.mjs');
    // The address of Cloudy's own page, which is then taken twice.
    const keys = { LISTEN: '', SOCKET: join(folder, 'socket'), BASE_PATH: BRIDGE_PATH, DATA_DIR: folder, DEMO: 'off' };
    const env = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`CLOUDY_SERVICES_${key}`, value]));
    const ended = promisify(execFile)(process.execPath, [program, 'serve'], {
      env,
      // Only so that it does not outlive the test.
      timeout: 50_000,
      killSignal: 'SIGKILL',
    });
    await expect(ended).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('already declared') });
  });

  it.each([
    [{ listen: { host: '192.0.2.1', port: 7001 } }, 'ip -br addr'],
    [{ listen: { host: 'no..such', port: 7001 } }, 'set LISTEN to an address'],
    [{ socket: '/nonexistent/panel.sock' }, 'a folder that exists'],
  ])('says what to do where it cannot listen on %j', async (change, hint) => {
    await expect(startDaemon(configWith(change), true)).rejects.toMatchObject({
      code: 'bad-config',
      hint: expect.stringContaining(hint),
    });
  });

  it('names the addresses at which others reach it, where it listens on all', async () => {
    const consoleError = vi.spyOn(console, 'error').mockImplementation(() => {});
    const daemon = await start({ listen: { host: '0.0.0.0', port: 0 } });
    announce(daemon, false);
    const urls = reachableUrls(daemon.url ?? '', '0.0.0.0');
    const lines = consoleError.mock.calls.join('\n');
    consoleError.mockRestore();
    expect(lines).toContain(`listens on ${urls.join(' and ')}\n`);
    expect(lines).toContain(`Choose a password at ${urls[0]}login#code=`);
    for (const url of urls) expect((await fetch(`${url}healthz`)).status).toBe(200);
  });

  it('closes in under a second, even during a scan', async () => {
    const daemon = await start();
    const job = daemon.panel.scan('dnsservice');
    while (daemon.panel.jobs.get(job.id).done === 0) await new Promise((resolve) => setImmediate(resolve));
    const elapsed = stopwatch();
    await daemon.close();
    expect(elapsed()).toBeLessThan(1_000);
  });

  it('probes nobody twice within a minute, even across a restart, and ends interrupted jobs', async () => {
    const first = await start();
    const done = await first.panel.jobs.ended(first.panel.scan('syncthing').id);
    expect(first.panel.scan('syncthing').id).toBe(done.id);
    const cutOff = { ...done, id: 'cut-off', state: 'running', finishedAt: null } as const;
    first.panel.store.jobs.put(cutOff);
    await first.close();
    const { panel } = await start();
    const tried = [...panel.store.exportRows('syncthing', null)].map(({ provider }) => provider);
    expect(new Set(tried).size).toBe(4);
    expect(panel.jobs.get(done.id)).toEqual(done);
    expect(panel.jobs.get('cut-off')).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
  });
});

/** A socket file whose listener is gone: closing would remove it, so the file is moved aside meanwhile. */
async function abandonSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  renameSync(path, `${path}.kept`);
  await new Promise((resolve) => server.close(resolve));
  renameSync(`${path}.kept`, path);
}

describe('the demo', () => {
  it('runs only where nothing real is configured and no Serf agent answers', async () => {
    const providersFile = join(folder, 'providers');
    writeFileSync(providersFile, '');
    expect(await wantsDemo(configWith({}))).toBe(true);
    expect(await wantsDemo(configWith({ providersFile }))).toBe(false);
    expect(await wantsDemo(configWith({ demo: 'off' }))).toBe(false);
    expect(await wantsDemo(configWith({ demo: 'on', providersFile }))).toBe(true);
  });

  it('does not mistake a silent port for a Serf agent', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    expect(await wantsDemo(configWith({ serfRpc: { host: '127.0.0.1', port } }))).toBe(true);
    silent.close();
  });
});
