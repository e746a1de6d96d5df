/** Inside Cloudy's web GUI: what the host has decided of an answer stands, and no helper of the bridge is an address. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BRIDGE_DIR } from '../../plugin/config/paths.js';
import { CdistroHost } from './cdistro-host.js';

const CONTROLLER = join(BRIDGE_DIR, 'plug', 'controllers', 'cloudyservices.php');
const SECURE = 'https://127.0.49.1:7443/';
const ANSWER = [
  'HTTP/1.1 200 OK',
  'Content-Type: text/html',
  'Cache-Control: max-age=60',
  'Vary: Cookie',
  'Set-Cookie: cloudy_services=new; Path=/',
  '',
  'words of the panel',
].join('\r\n');

let folder: string;
let host: CdistroHost;
let panel: Server;
let cookie: string;
/** What reached the panel, one connection each. */
let requests: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdistro-'));
  const socket = join(folder, 'panel.sock');
  requests = [];
  panel = createServer((connection) => {
    connection.on('error', () => {});
    connection.once('data', (request) => {
      requests.push(String(request));
      connection.end(ANSWER);
    });
  });
  await new Promise<void>((resolve) => panel.listen(socket, resolve));
  host = await CdistroHost.start({ folder, socket, address: '127.0.49.1' });
  cookie = await host.session();
});
afterEach(() => {
  requests = [];
  host.decide([]);
  expect(host.complaints()).toBe('');
});
afterAll(async () => {
  await host?.close();
  await new Promise((resolve) => panel.close(resolve));
  rmSync(folder, { recursive: true });
});

const ask = async (path: string, init: RequestInit = {}) => {
  const headers = { cookie, ...init.headers };
  const answer = await fetch(`${host.home}/cloudyservices/${path}`, { ...init, headers, redirect: 'manual' });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

/** Each way to ask the bridge for something. */
const WAYS: readonly (readonly [string, string, RequestInit])[] = [
  ['a page', 'panel/', {}],
  ['the controller alone', '', {}],
  ['a part of a page', 'panel/', { headers: { 'hx-request': 'true' } }],
  ['a form', 'panel/background', { method: 'POST', body: new URLSearchParams({ token: 'x' }) }],
  ['a file', 'panel/services/proxy3/files/proxy.pac', {}],
];

describe('what the host has decided', () => {
  it.each(WAYS)('redirects %s to HTTPS, with nothing of ours sent and nothing fetched', async (_, path, init) => {
    host.decide([`Location: ${SECURE}`]);
    const { status, headers, text } = await ask(path, init);
    expect([status, headers.get('location')]).toEqual([302, SECURE]);
    expect(text).not.toMatch(/words of the panel|services panel|systemctl/);
    expect(requests).toEqual([]);
  });

  it.each([
    ['a permanent redirect', ['HTTP/1.1 301 Moved Permanently', `Location: ${SECURE}`], 301],
    ['a redirect that came with a status of its own', [`Location: ${SECURE}`, 'HTTP/1.1 200 OK'], 200],
    ['a refusal', ['HTTP/1.1 403 Forbidden'], 403],
    ['a host that is being repaired', ['HTTP/1.1 503 Service Unavailable', 'Retry-After: 600'], 503],
    ['a request for credentials', ['WWW-Authenticate: Basic realm="Cloudy"'], 401],
    ['a page that moves on by itself', [`Refresh: 0; url=${SECURE}`], 200],
  ])('stands for %s', async (_, decision, status) => {
    host.decide(decision);
    const answer = await ask('panel/');
    expect(answer.status).toBe(status);
    for (const line of decision.filter((one) => !one.startsWith('HTTP/'))) {
      const [name = '', value = ''] = line.split(/: (.*)/);
      expect(answer.headers.get(name)).toBe(value);
    }
    expect(answer.text).not.toContain('words of the panel');
    expect(requests).toEqual([]);
  });

  it('stands while the panel is down', async () => {
    const own = mkdtempSync(join(tmpdir(), 'cdistro-'));
    const lonely = await CdistroHost.start({ folder: own, socket: join(own, 'none'), address: '127.0.49.2' });
    try {
      const headers = { cookie: await lonely.session() };
      lonely.decide([`Location: ${SECURE}`]);
      const answer = await fetch(lonely.url(''), { headers, redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([302, SECURE]);
      expect(answer.headers.get('retry-after')).toBe(null);
      expect(await answer.text()).not.toContain('systemctl');
    } finally {
      await lonely.close();
      rmSync(own, { recursive: true });
    }
  });

  it('of caching and of scripts stays beside the panel’s page', async () => {
    host.decide(['Cache-Control: private', 'Vary: X-Host', 'Set-Cookie: host=1', 'Content-Security-Policy: sandbox']);
    const { status, headers, text } = await ask('panel/');
    expect(status).toBe(200);
    expect(text).toContain('words of the panel');
    expect(headers.get('cache-control')).toBe('private');
    expect(headers.get('vary')?.split(/,\s*/).sort()).toEqual(['Cookie', 'X-Host']);
    expect(headers.getSetCookie().some((line) => line.startsWith('host=1'))).toBe(true);
    expect(headers.get('content-security-policy')).toBe('sandbox');
  });
});

describe('an address of the bridge', () => {
  const functions = (): string[] => {
    const script = 'require $argv[1]; echo json_encode(get_defined_functions()["user"]);';
    return JSON.parse(execFileSync('php', ['-r', script, CONTROLLER], { encoding: 'utf8' }));
  };

  it('is an action: the file defines no other plain function', () => {
    expect(functions().sort()).toEqual(['index', 'panel', 'panel_post']);
  });

  it.each(['cloudyservices_bare', 'cloudyservices_tell', 'bare', 'CloudyServices::bare', 'CloudyServices'])(
    'is not %s, which would repeat what it is given',
    async (name) => {
      const { text } = await ask(`${name}/%3Cscript%3Ealert(1)%3C%2Fscript%3E`);
      expect(text).not.toContain('<script>');
      expect(text).toContain('There is no');
      expect(requests).toEqual([]);
    },
  );

  it('sends no form for a GET, whichever action it names', async () => {
    await ask('panel_post/services/dnsservice/scan');
    expect(requests.map((request) => request.split(' ', 1)[0])).toEqual(['GET']);
  });
});
