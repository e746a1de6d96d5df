/** The owner gets in while strangers try: known browsers, named proxies, the Unix socket, the first-run code. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { checkOwnerPassword, firstRunCode, setOwnerPassword } from '../../plugin/web/auth/password.js';
import { Turns } from '../../plugin/web/auth/turns.js';
import { PASSWORD, startWeb, type TestWeb, Visitor } from './app.js';
import { NOW } from './fake-panel.js';

const DEVICE = 'cloudy_services_device';
/** Where the first stranger of a storm sits. */
const CROWDED = '127.20.0.1';

let web: TestWeb;
afterEach(() => {
  vi.restoreAllMocks();
  return web?.app.close();
});

const isOwner = async (visitor: Visitor) => (await visitor.get('/api/v1/session')).json().role === 'owner';

async function guess(visitor: Visitor, password = 'wrong'): Promise<number> {
  await visitor.get('/login');
  return (await visitor.post('/login', { password })).statusCode;
}

/** So many strangers who try until each has to wait. */
async function storm(strangers: number, headers: Record<string, string> = {}, shared?: string): Promise<void> {
  for (let nth = 0; nth < strangers; nth++) {
    const stranger = new Visitor(web, headers, shared ?? `127.20.0.${nth + 1}`);
    await stranger.get('/api/v1/session');
    // One after the other: more at the same time would be turned away before they count.
    while ((await stranger.postJson('/api/v1/login', { password: 'wrong' })).statusCode !== 429);
  }
}

/** A browser in which the owner has logged in, and out again. */
async function known(address?: string, headers?: Record<string, string>): Promise<Visitor> {
  const visitor = await new Visitor(web, headers, address).login();
  await visitor.post('/logout');
  expect(await isOwner(visitor)).toBe(false);
  return visitor;
}

/** What a browser that has lost its address keeps: its cookies. */
function moved(visitor: Visitor, address: string, headers?: Record<string, string>): Visitor {
  const same = new Visitor(web, headers, address);
  for (const [name, value] of visitor.cookies) same.cookies.set(name, value);
  return same;
}

describe('a browser in which the owner has logged in before', () => {
  it('logs in at once from any address while 60 strangers have used up all tries', async () => {
    web = await startWeb();
    const browser = await known();
    await storm(60);
    expect(await guess(new Visitor(web, {}, CROWDED), PASSWORD)).toBe(429);
    expect(await guess(moved(browser, '127.30.0.2'), PASSWORD)).toBe(303);
  });

  it('logs in at once behind an unknown proxy, where all clients share one address', async () => {
    web = await startWeb();
    const browser = await known('127.0.0.9');
    await storm(1, {}, '127.0.0.9');
    expect(await guess(new Visitor(web, {}, '127.0.0.9'), PASSWORD)).toBe(429);
    expect(await guess(browser, PASSWORD)).toBe(303);
  });

  it('has to wait after its own wrong tries', async () => {
    web = await startWeb();
    const browser = await known();
    for (let tries = 0; tries < 5; tries++) expect(await guess(browser)).toBe(401);
    expect(await guess(browser, PASSWORD)).toBe(429);
    expect(await guess(new Visitor(web, {}, '127.30.0.1'), PASSWORD)).toBe(303);
  });

  it('stays known after a new password, and its cookie alone opens nothing', async () => {
    web = await startWeb();
    const browser = await known();
    await setOwnerPassword(web.panel.store.settings, 'another password');
    await storm(1);
    expect(await guess(new Visitor(web, {}, CROWDED), 'another password')).toBe(429);
    expect(await guess(moved(browser, CROWDED), 'another password')).toBe(303);
    const thief = new Visitor(web);
    thief.cookies.set(DEVICE, browser.cookies.get(DEVICE) ?? '');
    expect(await isOwner(thief)).toBe(false);
    expect((await thief.get('/events')).statusCode).toBe(303);
  });

  it('keeps its cookie when it logs in again, and no readable copy is stored', async () => {
    web = await startWeb();
    const browser = await known();
    const first = browser.cookies.get(DEVICE) ?? '';
    expect(await guess(browser, PASSWORD)).toBe(303);
    expect(browser.cookies.get(DEVICE)).toBe(first);
    expect(web.panel.store.settings.get('login-devices')).not.toContain(first);
  });

  it('is one of 20: the one that logged in longest ago is forgotten, never because of strangers’ tries', async () => {
    web = await startWeb();
    const browsers = [];
    for (let nth = 0; nth < 21; nth++) browsers.push(await known());
    await storm(1);
    const [first, second] = browsers as [Visitor, Visitor];
    expect(await guess(moved(second, CROWDED), PASSWORD)).toBe(303);
    expect(await guess(moved(first, CROWDED), PASSWORD)).toBe(429);
  });

  it.each(['x', 'A'.repeat(43), '__proto__', 'A'.repeat(4000)])(
    'is not known by a made-up cookie %.20s',
    async (value) => {
      web = await startWeb();
      await known();
      await storm(1);
      const stranger = new Visitor(web, {}, CROWDED);
      stranger.cookies.set(DEVICE, value);
      expect(await guess(stranger, PASSWORD)).toBe(429);
    },
  );

  it('gives strangers no new tries by logging in', async () => {
    web = await startWeb();
    const browser = await known();
    await storm(60);
    expect(await guess(moved(browser, '127.30.0.2'), PASSWORD)).toBe(303);
    expect(await guess(new Visitor(web, {}, '127.20.0.59'))).toBe(429);
  });

  it('logs in on a full disk, where its device cannot be stored', async () => {
    web = await startWeb();
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { settings } = web.panel.store;
    const set = settings.set.bind(settings);
    vi.spyOn(settings, 'set').mockImplementation((name, value) => {
      if (name === 'login-devices') throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
      set(name, value);
    });
    expect(await guess(new Visitor(web), PASSWORD)).toBe(303);
  });
});

describe('behind a trusted proxy', () => {
  const behind = (client: string) => ({ 'x-forwarded-for': client });

  it('strangers wait by their own address, and the owner’s new browser does not', async () => {
    web = await startWeb({ config: { trustedProxy: ['127.0.0.9/32'] } });
    await storm(1, behind('10.1.0.1'), '127.0.0.9');
    expect(await guess(new Visitor(web, behind('10.1.0.1'), '127.0.0.9'), PASSWORD)).toBe(429);
    expect(await guess(new Visitor(web, behind('10.1.0.2'), '127.0.0.9'), PASSWORD)).toBe(303);
  });

  it('ignores addresses that the client has put before the proxy’s own', async () => {
    web = await startWeb({ config: { trustedProxy: ['127.0.0.9/32'] } });
    const claim = (nth: number) => behind(`10.9.9.${nth}, 10.1.0.1`);
    const statuses = [];
    for (let nth = 0; nth < 6; nth++) statuses.push(await guess(new Visitor(web, claim(nth), '127.0.0.9')));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('ignores the header of any other sender', async () => {
    web = await startWeb({ config: { trustedProxy: ['127.0.0.9/32'] } });
    const statuses = [];
    for (let nth = 0; nth < 6; nth++)
      statuses.push(await guess(new Visitor(web, behind(`10.1.0.${nth}`), '127.0.0.8')));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });
});

describe('through the Unix socket', () => {
  it('the owner logs in while strangers have used up all tries over TCP', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'known-'));
    const socketPath = join(dataDir, 'socket');
    const standard = loadConfig({ env: {}, file: '' });
    const own = { dataDir, socket: socketPath, listen: { host: '127.0.0.1', port: 0 }, avahi: 'off' } as const;
    const daemon = await startDaemon({ ...standard, ...own }, true);
    try {
      await setOwnerPassword(daemon.panel.store.settings, PASSWORD);
      const { port } = new URL(daemon.url ?? '');
      const storming = [];
      for (let nth = 1; nth <= 21; nth++)
        for (let tries = 0; tries < 5; tries++)
          storming.push(await logIn({ port, localAddress: `127.40.0.${nth}` }, 'wrong'));
      expect(storming).toContain(429);
      expect(await logIn({ port, localAddress: '127.40.0.1' }, PASSWORD)).toBe(429);
      expect(await logIn({ socketPath }, PASSWORD)).toBe(200);
    } finally {
      await daemon.close();
      rmSync(dataDir, { recursive: true });
    }
  });

  type Way = { readonly socketPath: string } | { readonly port: string; readonly localAddress: string };

  async function logIn(way: Way, password: string): Promise<number> {
    const session = await ask(way, 'GET', 'session', {});
    const cookie = (session.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]).join('; ');
    const headers = { cookie, 'x-csrf-token': JSON.parse(session.text).token, 'content-type': 'application/json' };
    return (await ask(way, 'POST', 'login', headers, JSON.stringify({ password }))).status;
  }

  function ask(way: Way, method: string, what: string, headers: Record<string, string>, body?: string) {
    return new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>((resolve, reject) => {
      const call = request({ host: '127.0.0.1', ...way, method, path: `/api/v1/${what}`, headers }, async (answer) => {
        let text = '';
        for await (const part of answer.setEncoding('utf8')) text += part;
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
      call.on('error', reject).end(body);
    });
  }
});

describe('the first owner', () => {
  it('logs in with the code while strangers have used up all tries', async () => {
    web = await startWeb({ owner: false });
    const code = firstRunCode(web.panel.store.settings);
    for (let nth = 0; nth < 30; nth++) {
      const stranger = new Visitor(web, {}, `127.20.0.${nth + 1}`);
      await stranger.get('/login');
      const fields = { code: 'aaaa-aaaa-aaaa', password: PASSWORD };
      while ((await stranger.post('/login', fields)).statusCode !== 429);
    }
    const owner = new Visitor(web, {}, '127.30.0.1');
    await owner.get('/login');
    expect((await owner.post('/login', { code, password: PASSWORD })).statusCode).toBe(303);
  });

  it('is exactly one of twenty at the same time: the others learn that there is an owner, and only one password counts', async () => {
    web = await startWeb({ owner: false });
    const { settings } = web.panel.store;
    const code = firstRunCode(settings);
    const visitors = Array.from({ length: 20 }, (_, nth) => new Visitor(web, {}, `127.20.0.${nth + 1}`));
    for (const visitor of visitors) await visitor.get('/api/v1/session');
    const passwords = visitors.map((_, nth) => `password number ${nth}`);
    const answers: LightMyRequestResponse[] = await Promise.all(
      visitors.map((visitor, nth) => visitor.postJson('/api/v1/login', { code, password: passwords[nth] })),
    );
    const winners = answers.flatMap(({ statusCode }, nth) => (statusCode === 200 ? [nth] : []));
    expect(winners).toHaveLength(1);
    const losers = answers.filter(({ statusCode }) => statusCode !== 200);
    expect(new Set(losers.map(({ statusCode }) => statusCode))).toEqual(new Set([409]));
    expect(new Set(losers.map((answer) => answer.json().error.code))).toEqual(new Set(['owner-exists']));
    expect(await Promise.all(visitors.map(isOwner))).toEqual(visitors.map((_, nth) => nth === winners[0]));
    const works = await Promise.all(passwords.map((password) => checkOwnerPassword(settings, password)));
    expect(works).toEqual(visitors.map((_, nth) => nth === winners[0]));
  });

  it('exists for the second visitor’s form, which says so without a word on the password', async () => {
    web = await startWeb({ owner: false });
    const code = firstRunCode(web.panel.store.settings);
    const [first, second] = [new Visitor(web), new Visitor(web)];
    for (const visitor of [first, second]) await visitor.get('/login');
    expect((await first.post('/login', { code, password: PASSWORD })).statusCode).toBe(303);
    const { statusCode, body } = await second.post('/login', { code, password: PASSWORD });
    expect(statusCode).toBe(409);
    expect(body).toContain('This node already has an owner.');
    expect(body).not.toContain('The password is wrong.');
    expect(await isOwner(second)).toBe(false);
  });

  it('does not replace a password that the command line has set meanwhile', async () => {
    web = await startWeb({ owner: false });
    const { settings } = web.panel.store;
    const code = firstRunCode(settings);
    const visitor = new Visitor(web);
    await visitor.get('/login');
    const add = settings.add.bind(settings);
    vi.spyOn(settings, 'add').mockImplementation((name, value) => {
      settings.set('owner-password', 'by.hand');
      return add(name, value);
    });
    expect((await visitor.post('/login', { code, password: PASSWORD })).statusCode).toBe(409);
    expect(settings.get('owner-password')).toBe('by.hand');
  });
});

describe('password checks', () => {
  it('run one at a time, known browsers first, and few strangers may wait', async () => {
    const turns = new Turns();
    const done: string[] = [];
    let running = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const begin = (name: string, isKnown: boolean) =>
      turns.run(isKnown, async () => {
        expect(++running).toBe(1);
        await gate;
        running -= 1;
        done.push(name);
      });
    const all = [begin('first', false)];
    for (let nth = 0; !turns.isFull(false); nth++) all.push(begin(`stranger ${nth}`, false));
    expect(all.length).toBeLessThanOrEqual(65);
    expect(turns.isFull(true)).toBe(false);
    all.push(begin('owner', true));
    release();
    await Promise.all(all);
    expect(done.slice(0, 3)).toEqual(['first', 'owner', 'stranger 0']);
    expect(done).toHaveLength(all.length);
  });

  it('continue after one that threw', async () => {
    const turns = new Turns();
    const failing = turns.run(false, () => Promise.reject(new Error('no memory')));
    const next = turns.run(false, async () => 'done');
    await expect(failing).rejects.toThrow('no memory');
    expect(await next).toBe('done');
  });

  it('of many concurrent strangers are few: the others are turned away before they cost anything', async () => {
    web = await startWeb({ web: { now: () => NOW } });
    const strangers = Array.from({ length: 150 }, (_, nth) => new Visitor(web, {}, `127.20.0.${nth + 1}`));
    for (const stranger of strangers) await stranger.get('/login');
    const answers = await Promise.all(strangers.map((stranger) => stranger.post('/login', { password: 'wrong' })));
    const judged = answers.filter(({ statusCode }) => statusCode === 401);
    expect(judged.length).toBeLessThanOrEqual(65);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(150 - judged.length);
  });
});
