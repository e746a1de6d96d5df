/** Logging in from the first run on, and what guessing costs. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadLocales } from '../../plugin/present/i18n.js';
import { checkOwnerPassword, firstRunCode, hasOwner, setOwnerPassword } from '../../plugin/web/auth/password.js';
import { Throttle } from '../../plugin/web/auth/throttle.js';
import { PASSWORD, startWeb, type TestWeb, Visitor } from './app.js';
import { memoryStore, NOW } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web?.app.close());

async function open(options?: Parameters<typeof startWeb>[0]): Promise<Visitor> {
  web = await startWeb(options);
  return new Visitor(web);
}
const isOwner = async (visitor: Visitor) => (await visitor.get('/api/v1/session')).json().role === 'owner';

describe('logging in', () => {
  it('sets a new cookie that scripts and other sites cannot use, and leads back', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const before = visitor.cookies.get('cloudy_services');
    const answer = await visitor.post('/login', { password: PASSWORD, next: '/services/dnsservice' });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/services/dnsservice']);
    const [session, device] = answer.headers['set-cookie'] ?? [];
    expect(session).toMatch(/^cloudy_services=.*; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/);
    expect(device).toMatch(/^cloudy_services_device=.*; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Lax$/);
    expect(visitor.cookies.get('cloudy_services')).not.toBe(before);
    expect(await isOwner(visitor)).toBe(true);
    visitor.cookies.set('cloudy_services', before ?? '');
    expect(await isOwner(visitor)).toBe(false);
  });

  it('in place answers with where to go, as the whole page changes', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const { statusCode, headers } = await visitor.post(
      '/login',
      { password: PASSWORD, next: '/help' },
      { 'hx-request': 'true' },
    );
    expect([statusCode, headers['hx-redirect']]).toEqual([204, '/help']);
  });

  it('never leads to another site', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const { headers } = await visitor.post('/login', { password: PASSWORD, next: '//evil.example/' });
    expect(headers.location).toBe('/');
  });

  it.each([
    ['/help?q=%E2%82%AC', '/help?q=%E2%82%AC'],
    ['/€', '/'],
    ['/a\r\nb', '/'],
  ])('leads back to %j only as far as a header can hold it', async (next, location) => {
    const visitor = await open();
    await visitor.get('/login');
    expect((await visitor.post('/login', { password: PASSWORD, next })).headers.location).toBe(location);
  });

  it('redirects a visitor who has logged in already', async () => {
    const visitor = await open();
    await visitor.login();
    const { statusCode, headers } = await visitor.get('/login?next=/help');
    expect([statusCode, headers.location]).toEqual([303, '/help']);
  });

  it('with a wrong password says so in the form', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const { statusCode, body } = await visitor.post('/login', { password: 'wrong' });
    expect(statusCode).toBe(401);
    expect(body).toContain('The password is wrong.');
    expect(body).toMatch(/<input id="cs-password"[^>]* aria-invalid="true" autofocus>/);
    expect(await isOwner(visitor)).toBe(false);
  });

  it('is slowed down after five failures in a row, also with the right password, and works after the wait', async () => {
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

  it('lets through no more than five concurrent guesses', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const answers = await Promise.all(Array.from({ length: 9 }, () => visitor.post('/login', { password: 'wrong' })));
    expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(5);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(4);
  });

  it('is slowed down by the address of the connection, whatever a header says', async () => {
    const visitor = await open();
    await visitor.get('/login');
    const guess = (from: number) =>
      visitor.post('/login', { password: 'wrong' }, { 'x-forwarded-for': `10.0.0.${from}` });
    for (let tries = 0; tries < 5; tries++) expect((await guess(tries)).statusCode).toBe(401);
    expect((await guess(6)).statusCode).toBe(429);
  });
});

describe('guessing from many addresses', () => {
  const MINUTE = 60_000;
  let now = NOW;
  /** A throttle after the given number of failures, each from an address of its own. */
  const failed = (failures: number, throttle = new Throttle(() => now)) => {
    for (let at = 0; at < failures; at++) throttle.begin(`fd00:${at.toString(16)}::1`);
    return throttle;
  };

  it('is slowed down after a hundred failures in a row to two tries in ten seconds, one of them a newcomer’s', () => {
    const throttle = failed(99);
    expect(throttle.begin('10.0.0.1')).toBe(0);
    expect(throttle.begin('10.0.0.1')).toBe(1000);
    expect(throttle.begin('10.0.0.2')).toBe(0);
    expect(throttle.begin('10.0.0.3')).toBe(2000);
    let tried = 0;
    for (let second = 0; second < 3600; second++) {
      now += 1000;
      if (throttle.begin(`10.1.0.${second}`) === 0) tried += 1;
    }
    expect(tried).toBeGreaterThan(300);
    expect(tried).toBeLessThanOrEqual(730);
  });

  it('lets in an address without a failure while sixty others never stop', () => {
    const throttle = new Throttle(() => now);
    const strangers = Array.from({ length: 60 }, (_, nth) => `10.2.0.${nth}`);
    for (let at = 0; at < 100; at++) {
      for (const stranger of strangers) throttle.begin(stranger);
      now += 150;
    }
    expect(throttle.begin('10.0.0.7')).toBe(0);
    expect(throttle.begin('10.0.0.7')).toBeGreaterThan(0);
  });

  it('never makes an address with a successful login wait', () => {
    const throttle = new Throttle(() => now);
    throttle.succeeded('10.0.0.7');
    failed(1000, throttle);
    expect(throttle.begin('10.0.0.8')).toBeGreaterThan(0);
    expect(throttle.begin('10.0.0.7')).toBe(0);
  });

  it('makes the owner’s new address wait for ten seconds at most', () => {
    const throttle = failed(1000);
    now += 10 * 1000;
    expect(throttle.begin('10.0.0.7')).toBe(0);
    throttle.succeeded('10.0.0.7');
    expect(throttle.begin('10.0.0.8')).toBe(0);
  });

  it('makes nobody wait longer because the clock was set back', () => {
    const throttle = new Throttle(() => now);
    for (let tries = 0; tries < 20; tries++) {
      throttle.begin('10.0.0.7');
      now += MINUTE;
    }
    now -= 100 * MINUTE;
    expect(throttle.begin('10.0.0.7')).toBe(0);
  });
});

describe('the command for the terminal', () => {
  const script = process.argv[1] ?? '';
  afterEach(() => void process.argv.splice(1, 1, script));

  it.each([
    [join(process.cwd(), 'dist', 'cli.mjs'), 'node dist/cli.mjs', false],
    ['/usr/lib/cloudy-services/dist/cli.mjs', 'cloudy-services', true],
  ])('on the pages of %s is a command that exists there', async (program, command, hasUnit) => {
    process.argv[1] = program;
    const visitor = await open({ owner: false });
    const [login, help] = [(await visitor.get('/login')).body, (await visitor.get('/help')).body];
    expect(login).toContain(`<code>${command} passwd</code>`);
    expect(help).toContain(`<code>${command} doctor</code>`);
    for (const body of [login, help]) expect(body.includes('journalctl -u cloudy-services')).toBe(hasUnit);
    expect(loadLocales()('en').t('error.wrong-password.hint')).toContain(`“${command} passwd”`);
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
    expect(short.body).toContain('Use at least 8 characters.');
    expect(short.body).toMatch(new RegExp(`name="code"[^>]* value="${code}"`));
    expect(short.body).not.toContain('value="short"');
    const strange = await visitor.post('/login', { code: '"><b>', password: PASSWORD });
    expect(strange.body).toContain('value="&quot;&gt;&lt;b&gt;"');
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
  it('is checked, and not stored in a readable form', async () => {
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
