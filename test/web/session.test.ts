/** How long a login lasts, how its cookie changes meanwhile, and what ends it. */
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

/** The session answer is JSON: asking for it keeps nothing alive and changes no cookie. */
const isOwner = async (visitor: Visitor) => (await visitor.get('/api/v1/session')).json().role === 'owner';
const held = (visitor: Visitor) => visitor.cookies.get(COOKIE) ?? '';

/** Another browser that sends this value. */
function bearer(value: string): Visitor {
  const visitor = new Visitor(web);
  visitor.cookies.set(COOKIE, value);
  return visitor;
}

describe('a session', () => {
  it('ends after twelve hours without use, and not before', async () => {
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
  ])('is not kept alive by a forgotten tab that asks for %s', async (_, url, headers) => {
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

  it('ends seven days after the login, however much it is used and whatever its value has become', async () => {
    const visitor = await owner();
    const first = held(visitor);
    for (; now < NOW + 7 * DAY; now += 8 * HOUR) {
      expect((await visitor.get('/events')).statusCode, `${(now - NOW) / HOUR} h`).toBe(200);
    }
    expect(await isOwner(visitor)).toBe(true);
    expect(held(visitor)).not.toBe(first);
    now += 1;
    expect(await isOwner(visitor)).toBe(false);
  });

  it('that has ended lets nothing be done', async () => {
    const visitor = await owner();
    now += 12 * HOUR + 1;
    expect((await visitor.post('/services/dnsservice/scan')).statusCode).toBe(401);
    expect(web.panel.jobs.running()).toEqual([]);
  });

  it('ends rather than lasting for years when the clock is set back by years', async () => {
    const visitor = await owner();
    now -= 365 * DAY;
    expect(await isOwner(visitor)).toBe(false);
  });

  it('outlives a clock that is set back by some minutes', async () => {
    const visitor = await owner();
    now -= 10 * MINUTE;
    expect(await isOwner(visitor)).toBe(true);
  });

  it('is not opened by a cookie that looks like one', async () => {
    await owner();
    for (const value of ['x', `${'A'.repeat(43)}.abc`, '__proto__', '%00', 'A'.repeat(5000)]) {
      expect(await isOwner(bearer(value)), value).toBe(false);
    }
  });
});

describe("a session's cookie", () => {
  it('changes its value on the first whole page after an hour, for as long as the login still lasts', async () => {
    const visitor = await owner();
    const first = held(visitor);
    now += HOUR - 1;
    await visitor.get('/');
    expect(held(visitor)).toBe(first);
    now += 1;
    for (const [url, headers] of [['/', FRAGMENT], ['/api/v1/session'], ['/public/style.css']] as const) {
      expect((await visitor.get(url, headers ?? {})).headers['set-cookie'], url).toBeUndefined();
    }
    expect((await visitor.post('/services/dnsservice/scan')).headers['set-cookie']).toBeUndefined();
    const { headers } = await visitor.get('/');
    expect(headers['set-cookie']).toBe(
      `${COOKIE}=${held(visitor)}; Path=/; Max-Age=${(7 * DAY - HOUR) / 1000}; HttpOnly; SameSite=Lax`,
    );
    expect(held(visitor)).not.toBe(first);
    expect(await isOwner(visitor)).toBe(true);
  });

  it('is good with the value before for one minute more, and not longer', async () => {
    const visitor = await owner();
    const old = bearer(held(visitor));
    now += HOUR;
    await visitor.get('/');
    now += MINUTE;
    expect(await isOwner(old)).toBe(true);
    now += 1;
    expect(await isOwner(old)).toBe(false);
    expect(await isOwner(visitor)).toBe(true);
  });

  it('is given again where the answer with the new value was lost, without the old one lasting longer', async () => {
    const visitor = await owner();
    const old = held(visitor);
    now += HOUR;
    await visitor.get('/');
    const again = bearer(old);
    now += MINUTE;
    await again.get('/');
    expect([old, held(visitor)]).not.toContain(held(again));
    now += 1;
    expect([await isOwner(again), await isOwner(visitor), await isOwner(bearer(old))]).toEqual([true, true, false]);
  });

  it('leaves the forms of other tabs good', async () => {
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
  it('ends by logging out with all the values that it had, and no other login does', async () => {
    const visitor = await owner();
    const elsewhere = await new Visitor(web).login();
    const first = held(visitor);
    now += HOUR;
    await visitor.get('/');
    const second = held(visitor);
    expect(await isOwner(bearer(first))).toBe(true);
    await visitor.post('/logout');
    expect(visitor.cookies.has(COOKIE)).toBe(false);
    expect([await isOwner(bearer(first)), await isOwner(bearer(second))]).toEqual([false, false]);
    expect(await isOwner(elsewhere)).toBe(true);
  });

  it('ends with a new password, wherever it was set and wherever one had logged in', async () => {
    const visitors = [await owner(), await new Visitor(web).login()];
    await setOwnerPassword(web.panel.store.settings, 'another password');
    expect(await Promise.all(visitors.map(isOwner))).toEqual([false, false]);
  });
});

describe('where nothing can be written', () => {
  const full = () => {
    throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  };

  it('pages are shown to the owner all the same, under the value that the cookie has', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const visitor = await owner();
    const first = held(visitor);
    vi.spyOn(web.panel.store.sessions, 'put').mockImplementation(full);
    vi.spyOn(web.panel.store.sessions, 'remove').mockImplementation(full);
    now += 2 * HOUR;
    expect((await visitor.get('/events')).statusCode).toBe(200);
    expect(held(visitor)).toBe(first);
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
