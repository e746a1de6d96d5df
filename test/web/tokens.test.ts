/** Tokens of programs: what they open, where they are good, how they end; and the forms that make and revoke them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { MAX_TOKENS } from '../../plugin/web/auth/tokens.js';
import { startWeb, type TestWeb, Visitor } from './app.js';

let web: TestWeb;
let owner: Visitor;
beforeEach(async () => {
  web = await startWeb();
  owner = await new Visitor(web).login();
});
afterEach(() => web.app.close());

/** Makes a token by the form, and reads it off the page. */
async function make(fields: Record<string, string> = { name: 'cron', role: 'owner' }): Promise<string> {
  const answer = await owner.post('/settings/tokens', fields);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  return /cs_[\w-]{43}/.exec(answer.body)?.[0] ?? '';
}

const call = (url: string, token: string, method: 'GET' | 'POST' = 'GET', headers = {}) =>
  web.app.inject({ method, url, headers: { authorization: `Bearer ${token}`, ...headers } });

const SCAN = '/api/v1/services/dnsservice/scan';

describe('a token', () => {
  it('lets a program act without cookie and form token', async () => {
    const token = await make();
    expect((await call(SCAN, token, 'POST')).statusCode).toBe(202);
    expect((await call('/api/v1/session', token)).json()).toEqual({ role: 'owner', token: '' });
    expect((await call('/api/v1/session', token)).headers['set-cookie']).toBeUndefined();
  });

  it('names its program in the list of events', async () => {
    const token = await make();
    await call('/api/v1/background', token, 'POST', { 'content-type': 'application/json' });
    await web.app.inject({
      ...{ method: 'POST', url: '/api/v1/background', payload: { turn: 'off' } },
      headers: { authorization: `Bearer ${token}` },
    });
    const [event] = web.panel.store.events.newest(1);
    expect(event).toMatchObject({ by: 'token', name: 'cron', what: 'background-off' });
    expect((await owner.get('/events')).body).toContain('program “cron”');
  });

  it('of a reader reads, also where reading is not public, and does nothing else', async () => {
    Object.assign(web.panel.config, { publicRead: false });
    const token = await make({ name: 'screen', role: 'reader' });
    expect((await call('/api/v1/services', token)).statusCode).toBe(200);
    expect((await web.app.inject('/api/v1/services')).statusCode).toBe(401);
    const refused = await call(SCAN, token, 'POST');
    expect(refused.statusCode).toBe(401);
    expect(refused.json().error.hint).toContain('may only read');
  });

  it('counts more than a cookie that comes with it', async () => {
    const token = await make({ name: 'screen', role: 'reader' });
    const cookie = [...owner.cookies].map((pair) => pair.join('=')).join('; ');
    const headers = { cookie, 'x-csrf-token': owner.token };
    expect((await call(SCAN, token, 'POST', headers)).statusCode).toBe(401);
  });

  it('opens no page, and nothing as a cookie or in the address', async () => {
    const token = await make();
    expect((await call('/events', token)).statusCode).toBe(303);
    expect((await call('/services/dnsservice/scan', token, 'POST')).statusCode).toBe(401);
    for (const headers of [{ cookie: `cloudy_services=${token}` }, { 'x-csrf-token': token }, {}]) {
      const answer = await web.app.inject({ method: 'POST', url: `${SCAN}?token=${token}`, headers });
      expect(answer.statusCode).toBe(401);
    }
  });

  it('is stored as a hash alone', async () => {
    const token = await make();
    expect(web.panel.store.settings.get('program-tokens')).toContain('cron');
    expect(web.panel.store.settings.get('program-tokens')).not.toContain(token.slice(3));
    expect((await owner.get('/settings')).body).not.toContain(token);
  });

  it('ends when it is revoked, and says so', async () => {
    const token = await make();
    const page = await owner.get('/settings');
    const [, id = ''] = /settings\/tokens\/(\w+)\/revoke/.exec(page.body) ?? [];
    expect((await owner.post(`/settings/tokens/${id}/revoke`)).headers.location).toBe('/settings#tokens');
    const answer = await call('/api/v1/services', token);
    expect(answer.statusCode).toBe(401);
    expect(answer.json().error.code).toBe('wrong-token');
  });

  it('ends with a new password of the owner', async () => {
    const token = await make();
    await setOwnerPassword(web.panel.store.settings, 'another password');
    expect((await call('/api/v1/services', token)).statusCode).toBe(401);
  });

  it('shows when it was last used, and writes that down once an hour at most', async () => {
    const token = await make();
    expect((await owner.get('/settings')).body).toContain('never used');
    await call('/api/v1/services', token);
    const written = web.panel.store.settings.get('program-tokens');
    await call('/api/v1/services', token);
    expect(web.panel.store.settings.get('program-tokens')).toBe(written);
    expect((await owner.get('/settings')).body).toContain('last used');
  });
});

describe('wrong tokens', () => {
  it('are slowed down, while a right one and the owner’s login do not wait', async () => {
    const token = await make();
    const answers: number[] = [];
    for (let nth = 0; nth < 7; nth++) answers.push((await call('/api/v1/services', `cs_${nth}`)).statusCode);
    expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await call('/api/v1/services', 'cs_x')).headers['retry-after']).toBeDefined();
    expect((await call('/api/v1/services', token)).statusCode).toBe(200);
    expect((await new Visitor(web).login()).token).not.toBe('');
  });
});

describe('the forms', () => {
  it('are the owner’s, and bounded', async () => {
    const reader = new Visitor(web);
    expect((await reader.get('/settings')).body).not.toContain('id="tokens"');
    expect((await reader.post('/settings/tokens', { name: 'x' })).statusCode).toBe(401);
    for (let nth = 0; nth < MAX_TOKENS; nth++) await make({ name: `<b>${nth}</b>${'x'.repeat(99)}`, role: 'reader' });
    expect((await owner.post('/settings/tokens', { name: 'one more' })).statusCode).toBe(400);
    const { body } = await owner.get('/settings');
    expect(body).toContain('No more tokens fit');
    expect(body).not.toContain('<b>0');
    expect(body).not.toContain('x'.repeat(40));
  });

  it('make a reader’s token unless told otherwise, and no other role', async () => {
    const token = await make({ name: '' });
    expect((await call('/api/v1/session', token)).json().role).toBe('reader');
    expect((await owner.post('/settings/tokens', { name: 'x', role: 'root' })).statusCode).toBe(400);
  });
});
