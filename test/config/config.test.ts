/** Defaults, sources and checks of every option. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import cloudyServices from '../../plugin/index.js';
import { PanelError } from '../../plugin/model/errors.js';

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return { ...fs, readFileSync: vi.fn(fs.readFileSync) };
});

const NO_FILE = '/nonexistent/cloudy-services.conf';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(content: string): string {
  const file = join(folder, 'cloudy-services.conf');
  writeFileSync(file, content);
  return file;
}

/** Runs the work as a user who may not enter the folder; root, whom no mode stops, becomes another user meanwhile. */
function asStranger<T>(closed: string, work: () => T): T {
  chmodSync(closed, 0);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(closed, 0o700);
  }
}

function refusal(load: () => unknown): PanelError {
  try {
    load();
  } catch (error) {
    if (error instanceof PanelError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the configuration', () => {
  it('has a default for everything and cannot be changed afterwards', () => {
    const config = loadConfig({ env: {}, file: NO_FILE });
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 7001 },
      basePath: '/',
      demo: 'auto',
      language: 'ca',
    });
    expect(config.communityRanges).toBeNull();
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('reads KEY=value lines as systemd and as a shell would, and lets the environment win', () => {
    const file = fileWith('# a comment\n\nLANGUAGE="es"\nexport SCAN_CONCURRENCY=5\nBASE_PATH=/cloudy\n');
    const config = loadConfig({ env: { CLOUDY_SERVICES_SCAN_CONCURRENCY: '2', UNRELATED: 'x' }, file });
    expect(config).toMatchObject({ language: 'es', scanConcurrency: 2, basePath: '/cloudy/' });
  });

  it('suggests sudo where the file is unreadable, never a wider mode: it may hold secrets', () => {
    const file = fileWith('SERF_AUTH_KEY=secret\n');
    const { message, hint } = refusal(() => asStranger(folder, () => loadConfig({ env: {}, file })));
    expect(message).toContain('EACCES');
    expect(hint).toBe('Run it with sudo.');
    expect(refusal(() => loadConfig({ env: {}, file: folder })).hint).not.toMatch(/sudo|readable/);
  });

  it('names an unknown key, its place, and the nearest valid one', () => {
    const inFile = refusal(() => loadConfig({ env: {}, file: fileWith('LISTN=127.0.0.1:1\n') }));
    expect(inFile.code).toBe('bad-config');
    expect(inFile.message).toContain('LISTN');
    expect(inFile.hint).toContain('LISTEN');
    const inEnvironment = refusal(() => loadConfig({ env: { CLOUDY_SERVICES_SERF_PRC: 'x' }, file: NO_FILE }));
    expect(inEnvironment.hint).toBe('Did you mean CLOUDY_SERVICES_SERF_RPC?');
  });

  it('lists all options where an unknown key resembles none', () => {
    const { hint } = refusal(() => loadConfig({ env: { CLOUDY_SERVICES_BOGUS: '1' }, file: NO_FILE }));
    expect(hint).toMatch(/^The options are: CLOUDY_SERVICES_LISTEN, .*, CLOUDY_SERVICES_DEMO\.$/);
  });

  it.each([
    ['LISTEN', 'localhost'],
    ['LISTEN', '127.0.0.1:70000'],
    ['BASE_PATH', 'cloudy'],
    ['BASE_PATH', '/a b'],
    ['SCAN_CONCURRENCY', '0'],
    ['SCAN_CONCURRENCY', '2.5'],
    ['SCAN_BYTES_PER_DAY', '-1'],
    ['PUBLIC_READ', 'yes'],
    ['LANGUAGE', 'fr'],
    ['COMMUNITY_RANGES', '10.0.0.0'],
    ['COMMUNITY_RANGES', '10.0.0.0/33'],
    ['COMMUNITY_RANGES', ''],
    ['DATA_DIR', ''],
    ['SERF_JOIN', '10.0.0.1; reboot'],
    ['SHARE_LISTEN', '7002'],
    ['PEERS', 'la-torre.local'],
    ['PEERS', '10.0.0.1:0'],
    ['PEERS', '10.0.0.1,10.0.0.2:x'],
    ['PEERS', Array.from({ length: 51 }, (_, index) => `10.0.0.${index}`).join()],
    ['ROUTING', ''],
    ['ROUTING', 'on; reboot'],
    ['ROUTING', 'babeld://::1'],
    ['ROUTING', 'babeld://127.0.0.1:0'],
    ['ROUTING', 'olsrd://anna:secret@10.0.0.1:9090'],
    ['ROUTING', 'bird:run/bird.ctl'],
    ['HOSTS', 'http://panel.guifi.net'],
    ['HOSTS', 'panel.guifi.net:7001'],
    ['HOSTS', 'panel.guifi.net,*.guifi.net'],
    ['HOSTS', 'panel.guifi.net/cloudy'],
  ])('refuses %s=%s, and says what would be valid', (key, value) => {
    const error = refusal(() => loadConfig({ env: { [`CLOUDY_SERVICES_${key}`]: value }, file: NO_FILE }));
    expect(error.code).toBe('bad-config');
    expect(error.message).toContain(`${key}=${value}`);
    expect(error.message).toContain('expected');
  });

  it.each(['htps://ntfy.example/secret-topic', 'ftp://ntfy.example/secret-topic', 'secret-topic'])(
    'refuses NOTIFY_URL=%s without repeating it: its path is a secret',
    (value) => {
      const error = refusal(() => loadConfig({ env: { CLOUDY_SERVICES_NOTIFY_URL: value }, file: NO_FILE }));
      expect(error.message).toBe('NOTIFY_URL is not valid: expected an address that begins with http:// or https://.');
      expect(error.hint).not.toContain('secret');
    },
  );

  it.each(['http://anna:secret@10.0.0.1/', 'https://10.0.0.1', '10.0.0.1/secret', '10.0.0.1:70000', 'secret node'])(
    'refuses AREDN_NODE=%s without repeating it: a password may be in it',
    (value) => {
      const { message, hint } = refusal(() =>
        loadConfig({ env: { CLOUDY_SERVICES_AREDN_NODE: value }, file: NO_FILE }),
      );
      expect(message).toMatch(/^AREDN_NODE is not valid: expected auto, or a node/);
      expect(message + hint).not.toContain('secret');
    },
  );

  it.each(['auto', 'localnode.local.mesh', '10.1.2.3:8080', '[fd00::1]'])('takes AREDN_NODE=%s', (value) => {
    const take = (text: string) => loadConfig({ env: { CLOUDY_SERVICES_AREDN_NODE: text }, file: NO_FILE }).arednNode;
    expect(take(value)).toBe(value);
    expect(take(`http://${value}/`)).toBe(value);
  });

  it.each(['https://ntfy.example/100%-topic', 'https://ntfy.example/%ff', 'https://anna:100%@ntfy.example/topic'])(
    'refuses NOTIFY_URL=%s, which does not decode, and says what to write',
    (value) => {
      const error = refusal(() => loadConfig({ env: { CLOUDY_SERVICES_NOTIFY_URL: value }, file: NO_FILE }));
      expect(error.message).toMatch(/^NOTIFY_URL is not valid: expected %25 for a literal %/);
    },
  );

  it('names the line that is not KEY=value', () => {
    expect(refusal(() => loadConfig({ env: {}, file: fileWith('LANGUAGE=ca\nhello\n') })).message).toContain('line 2');
  });

  it('reads no system file for a plugin inside another application', async () => {
    vi.mocked(readFileSync).mockClear();
    const app = Fastify();
    const config = { dataDir: folder, demo: 'off', avahi: 'off', serfRpc: { host: '127.0.0.1', port: 1 } } as const;
    await app.register(cloudyServices, { config });
    await app.close();
    const read = vi.mocked(readFileSync).mock.calls.map(([path]) => String(path));
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((path) => path.endsWith('.conf'))).toEqual([]);
  });

  it('takes neighbours’ panels with a port or with the usual one', () => {
    const PEERS = '10.0.0.1, 10.0.0.2:8002 fd00::1,[fd00::2],[fd00::3]:9002';
    const { peers } = loadConfig({ env: { CLOUDY_SERVICES_PEERS: PEERS }, file: NO_FILE });
    expect(peers.map(({ host, port }) => `${host} ${port}`)).toEqual([
      ...['10.0.0.1 7002', '10.0.0.2 8002', 'fd00::1 7002', 'fd00::2 7002', 'fd00::3 9002'],
    ]);
  });

  it('takes a routing daemon at its usual place, at an address or at a path', () => {
    const routing = (ROUTING: string) =>
      loadConfig({ env: { CLOUDY_SERVICES_ROUTING: ROUTING }, file: NO_FILE }).routing;
    expect(['off', 'auto'].map(routing)).toEqual(['off', 'auto']);
    expect(routing('babeld')).toEqual({ daemon: 'babeld', place: null });
    expect(routing('babeld://[::1]:33123')).toEqual({ daemon: 'babeld', place: { host: '::1', port: 33_123 } });
    expect(routing('olsrd://10.31.1.1:9090/')).toEqual({ daemon: 'olsrd', place: { host: '10.31.1.1', port: 9090 } });
    expect(routing('bird:/run/bird/bird.ctl')).toEqual({ daemon: 'bird', place: { path: '/run/bird/bird.ctl' } });
  });

  it('takes host names as browsers send them', () => {
    const hosts = (HOSTS: string) => loadConfig({ env: { CLOUDY_SERVICES_HOSTS: HOSTS }, file: NO_FILE }).hosts;
    expect(hosts('Panel.guifi.net, cloudy.example')).toEqual(['panel.guifi.net', 'cloudy.example']);
    expect(hosts('')).toEqual([]);
  });

  it('takes the agent’s address and join peer from Cloudy’s own file, and ignores lines it cannot parse', () => {
    const serfFile = join(folder, 'avahi-ps-serf.conf');
    const serf = (content: string, env = {}) => {
      writeFileSync(serfFile, content);
      const { serfRpc, serfJoin } = loadConfig({ env, file: NO_FILE, serfFile });
      return [serfRpc.port, serfJoin];
    };
    const cloudy = 'SERF_RPC_ADDR="127.0.0.1:7374"\nSERF_BIND=5000\nSERF_JOIN="10.139.40.22:5000"\n';
    expect(serf(cloudy)).toEqual([7374, '10.139.40.22:5000']);
    expect(serf(cloudy, { CLOUDY_SERVICES_SERF_JOIN: '[fd00::1]:5000' })).toEqual([7374, '[fd00::1]:5000']);
    expect(serf('SERF_JOIN=""\n')).toEqual([7373, null]);
    expect(serf('SERF_JOIN="$(reboot) x"\n')).toEqual([7373, null]);
    expect(serf('. /etc/other\n')).toEqual([7373, null]);
    expect(loadConfig({ env: {}, file: NO_FILE, serfFile: NO_FILE }).serfJoin).toBeNull();
  });

  it('listens on an IPv6 address, and on no TCP port where LISTEN is empty', () => {
    const at = (LISTEN: string) => loadConfig({ env: { CLOUDY_SERVICES_LISTEN: LISTEN }, file: NO_FILE }).listen;
    expect(at('[::1]:7001')).toEqual({ host: '::1', port: 7001 });
    expect(at('')).toBeNull();
  });
});
