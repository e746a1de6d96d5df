/** How long a session lasts, and what ends it. */
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { registerWeb } from '../../plugin/web/index.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW } from './fake-panel.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const COOKIE = 'cloudy_services';
const FRAGMENT = { 'hx-request': 'true' };

let now: number;
let web: TestWeb;
beforeEach(() => {
  now = NOW;
});
afterEach(() => {
  vi.restoreAllMocks();
  return web?.app.close();
});

/** A visitor who has logged in at NOW. */
async function owner(): Promise<Visitor> {
  web = await startWeb({ web: { now: () => now } });
  return new Visitor(web).login();
}

/** The session answer is JSON: asking for it keeps nothing alive. */
const isOwner = async (visitor: Visitor) => (await visitor.get('/api/v1/session')).json().role === 'owner';
const held = (visitor: Visitor) => visitor.cookies.get(COOKIE) ?? '';

/** Another browser that sends this value. */
function bearer(value: string): Visitor {
  const visitor = new Visitor(web);
  visitor.cookies.set(COOKIE, value);
  return visitor;
}

describe('a session', () => {
  it('ends after twelve hours without use, not earlier', async () => {
    const visitor = await owner();
    now += 12 * HOUR;
    expect((await visitor.get('/events')).statusCode).toBe(200);
    now += 12 * HOUR;
    expect((await visitor.get('/events')).statusCode).toBe(200);
    now += 12 * HOUR + 1;
    expect((await visitor.get('/events')).statusCode).toBe(303);
  });

  it.each([
    ['a part of the page', '/', FRAGMENT],
    ['the same with the stamp of what it has', '/services/dnsservice?since=abc', FRAGMENT],
    ['JSON', '/api/v1/services', {}],
  ])('is not kept alive by a forgotten tab that polls %s', async (_, url, headers) => {
    const visitor = await owner();
    const end = now + 12 * HOUR;
    for (; now <= end; now += 30 * MINUTE) {
      await visitor.get(url, headers);
      expect(await isOwner(visitor)).toBe(true);
    }
    expect(await isOwner(visitor)).toBe(false);
  });

  it('is kept alive by a form', async () => {
    const visitor = await owner();
    now += 11 * HOUR;
    expect((await visitor.post('/services/dnsservice/scan', {}, FRAGMENT)).statusCode).toBe(200);
    now += 11 * HOUR;
    expect(await isOwner(visitor)).toBe(true);
  });

  it('ends seven days after the login, however much it is used', async () => {
    const visitor = await owner();
    for (; now < NOW + 7 * DAY; now += 8 * HOUR) {
      expect((await visitor.get('/events')).statusCode, `${(now - NOW) / HOUR} h`).toBe(200);
    }
    expect(await isOwner(visitor)).toBe(true);
    now += 1;
    expect(await isOwner(visitor)).toBe(false);
  });

  it('allows nothing once it has ended', async () => {
    const visitor = await owner();
    now += 12 * HOUR + 1;
    expect((await visitor.post('/services/dnsservice/scan')).statusCode).toBe(401);
    expect(web.panel.jobs.running()).toEqual([]);
  });

  it('ends when the clock is set back by years', async () => {
    const visitor = await owner();
    now -= 365 * DAY;
    expect(await isOwner(visitor)).toBe(false);
  });

  it('survives a clock that is set back by minutes', async () => {
    const visitor = await owner();
    now -= 10 * MINUTE;
    expect(await isOwner(visitor)).toBe(true);
  });

  it('is not opened by a forged cookie', async () => {
    await owner();
    for (const value of ['x', 'A'.repeat(43), `${'A'.repeat(43)}.abc`, '__proto__', '%00', 'A'.repeat(5000)]) {
      expect(await isOwner(bearer(value)), value).toBe(false);
    }
  });
});

describe("a session's cookie", () => {
  it('is given at the login, for as long as the session can last, and keeps its value', async () => {
    const visitor = await owner();
    const value = held(visitor);
    now += 2 * HOUR;
    for (const [url, headers] of [
      ['/', {}],
      ['/', FRAGMENT],
      ['/api/v1/session', {}],
    ] as const)
      expect((await visitor.get(url, headers)).headers['set-cookie'], url).toBeUndefined();
    expect(held(visitor)).toBe(value);
  });

  it('is a new one at each login, and the one before opens nothing any more', async () => {
    const visitor = await owner();
    const before = held(visitor);
    await visitor.login();
    expect(await isOwner(visitor)).toBe(true);
    expect(await isOwner(bearer(before))).toBe(false);
  });

  it('leaves the forms of other tabs valid', async () => {
    const visitor = await owner();
    await visitor.get('/services/dnsservice');
    const before = visitor.token;
    now += 2 * HOUR;
    await visitor.get('/');
    visitor.token = before;
    expect((await visitor.post('/services/dnsservice/scan')).statusCode).toBe(303);
  });
});

describe('a login', () => {
  it('ends on logout, for every holder of its cookie, and no other login does', async () => {
    const visitor = await owner();
    const elsewhere = await new Visitor(web).login();
    const value = held(visitor);
    expect(await isOwner(bearer(value))).toBe(true);
    await visitor.post('/logout');
    expect(visitor.cookies.has(COOKIE)).toBe(false);
    expect(await isOwner(bearer(value))).toBe(false);
    expect(await isOwner(elsewhere)).toBe(true);
  });

  it('ends with a new password, wherever it was set and wherever the owner had logged in', async () => {
    const visitors = [await owner(), await new Visitor(web).login()];
    await setOwnerPassword(web.panel.store.settings, 'another password');
    expect(await Promise.all(visitors.map(isOwner))).toEqual([false, false]);
  });
});

describe('on a full disk', () => {
  const full = () => {
    throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  };

  it('pages are still shown to the owner', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const visitor = await owner();
    vi.spyOn(web.panel.store.sessions, 'put').mockImplementation(full);
    vi.spyOn(web.panel.store.sessions, 'remove').mockImplementation(full);
    now += 2 * HOUR;
    expect((await visitor.get('/events')).statusCode).toBe(200);
    expect(log).toHaveBeenCalled();
    now += 11 * HOUR;
    expect((await visitor.get('/')).statusCode).toBe(200);
    expect(await isOwner(visitor)).toBe(false);
  });

  it('pages are shown on the very first start', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    web = await startWeb();
    const { settings } = web.panel.store;
    settings.set('form-secret', null);
    vi.spyOn(settings, 'set').mockImplementation(full);
    const app = Fastify();
    await app.register((scope) => registerWeb(scope, web.panel));
    const visitor = new Visitor({ app });
    expect((await visitor.get('/')).statusCode).toBe(200);
    expect((await visitor.post('/language', { language: 'ca' })).statusCode).toBe(303);
    await app.close();
  });
});
