/** Logging in from the first run on, how long it lasts, and what guessing costs. */
import { afterEach, describe, expect, it } from 'vitest';
import { checkOwnerPassword, firstRunCode, hasOwner, setOwnerPassword } from '../../plugin/web/password.js';
import { PASSWORD, startWeb, type TestWeb, Visitor } from './app.js';
import { memoryStore, NOW } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web?.app.close());

async function open(options?: Parameters<typeof startWeb>[0]): Promise<Visitor> {
  web = await startWeb(options);
  return new Visitor(web);
}
const HOUR = 3_600_000;
const isOwner = async (visitor: Visitor) => (await visitor.get('/api/v1/session')).json().role === 'owner';

describe('logging in', () => {
  it('gives a new cookie that scripts and other sites cannot use, and leads back', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const before = visitor.cookies.get('cloudy_services');
    const answer = await visitor.post('/login', { password: PASSWORD, next: '/services/dnsservice' });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/services/dnsservice']);
    expect(answer.headers['set-cookie']).toMatch(/; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/);
    expect(visitor.cookies.get('cloudy_services')).not.toBe(before);
    expect(await isOwner(visitor)).toBe(true);
    visitor.cookies.set('cloudy_services', before ?? '');
    expect(await isOwner(visitor)).toBe(false);
  });

  it('never leads to another site', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const { headers } = await visitor.post('/login', { password: PASSWORD, next: '//evil.example/' });
    expect(headers.location).toBe('/');
  });

  it('with a wrong password says so in the form', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const { statusCode, body } = await visitor.post('/login', { password: 'wrong' });
    expect(statusCode).toBe(401);
    expect(body).toContain('The password is wrong.');
    expect(await isOwner(visitor)).toBe(false);
  });

  it('is slowed down after five failures in a row, also for the right password, and goes on after the wait', async () => {
    let now = NOW;
    const visitor = await open({ web: { now: () => now } });
    await visitor.get('/login');
    for (let tries = 0; tries < 5; tries++) {
      expect((await visitor.post('/login', { password: 'wrong' })).statusCode).toBe(401);
    }
    const refused = await visitor.post('/login', { password: PASSWORD });
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.body).toContain('Wait 1 second and try again.');
    now += 1001;
    expect((await visitor.post('/login', { password: 'wrong' })).statusCode).toBe(401);
    expect((await visitor.post('/login', { password: PASSWORD })).headers['retry-after']).toBe('2');
    now += 2001;
    expect((await visitor.post('/login', { password: PASSWORD })).statusCode).toBe(303);
  });

  it('lets no more than five guesses through at the same time', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const answers = await Promise.all(Array.from({ length: 9 }, () => visitor.post('/login', { password: 'wrong' })));
    expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(5);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(4);
  });

  it('ends by logging out', async () => {
    const visitor = await open();
    await visitor.login();
    const cookie = visitor.cookies.get('cloudy_services') ?? '';
    await visitor.post('/logout');
    visitor.cookies.set('cloudy_services', cookie);
    expect(await isOwner(visitor)).toBe(false);
  });
});

describe('a session', () => {
  it('ends after twelve hours without use, and not before', async () => {
    let now = NOW;
    const visitor = await open({ web: { now: () => now } });
    await visitor.login();
    now += 11 * HOUR;
    expect(await isOwner(visitor)).toBe(true);
    now += 11 * HOUR;
    expect(await isOwner(visitor)).toBe(true);
    now += 12 * HOUR + 1;
    expect(await isOwner(visitor)).toBe(false);
  });

  it('ends after seven days however much it is used', async () => {
    let now = NOW;
    const visitor = await open({ web: { now: () => now } });
    await visitor.login();
    for (let hours = 0; hours < 7 * 24; hours += 8) {
      expect(await isOwner(visitor), `${hours} h`).toBe(true);
      now += 8 * HOUR;
    }
    now += 1;
    expect(await isOwner(visitor)).toBe(false);
  });

  it('ends with a new password, wherever it was set', async () => {
    const visitor = await open();
    await visitor.login();
    await setOwnerPassword(web.panel.store.settings, 'another password');
    expect(await isOwner(visitor)).toBe(false);
  });

  it('is not opened by a cookie that looks like one', async () => {
    const visitor = await open();
    for (const value of ['x', `${'A'.repeat(43)}.abc`, '__proto__', '%00']) {
      visitor.cookies.set('cloudy_services', value);
      expect(await isOwner(visitor), value).toBe(false);
    }
  });
});

describe('the first run', () => {
  it('asks for the code and makes the password the owner', async () => {
    const visitor = await open({ owner: false });
    const code = firstRunCode(web.panel.store.settings);
    expect(code).toMatch(/^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/);
    expect(firstRunCode(web.panel.store.settings)).toBe(code);
    const form = await visitor.get('/login');
    expect(form.body).toContain('name="code"');
    expect(form.body).toContain('cloudy-services passwd');
    expect(form.body).not.toContain(code);
    expect((await visitor.post('/login', { code: 'aaaa-aaaa-aaaa', password: PASSWORD })).statusCode).toBe(401);
    const short = await visitor.post('/login', { code, password: 'short' });
    expect(short.statusCode).toBe(400);
    expect(short.body).toContain('At least 8 characters are needed.');
    expect(hasOwner(web.panel.store.settings)).toBe(false);
    const typed = code.toUpperCase().replaceAll('-', ' ');
    expect((await visitor.post('/login', { code: typed, password: PASSWORD })).statusCode).toBe(303);
    expect(await isOwner(visitor)).toBe(true);
    expect((await visitor.get('/login')).body).not.toContain('name="code"');
  });

  it('leaves no way in with an empty password or code', async () => {
    const visitor = await open({ owner: false });
    await visitor.get('/login');
    expect((await visitor.post('/login', { code: '', password: '' })).statusCode).toBe(401);
  });
});

describe('the password', () => {
  it('is checked, and not kept in a readable form', async () => {
    const { settings } = memoryStore();
    expect(await checkOwnerPassword(settings, '')).toBe(false);
    await setOwnerPassword(settings, PASSWORD);
    expect(settings.get('owner-password')).not.toContain(PASSWORD);
    expect(await checkOwnerPassword(settings, PASSWORD)).toBe(true);
    expect(await checkOwnerPassword(settings, `${PASSWORD} `)).toBe(false);
  });

  it('needs eight characters', async () => {
    await expect(setOwnerPassword(memoryStore().settings, '1234567')).rejects.toMatchObject({ code: 'bad-request' });
  });
});
