/** What every answer carries, whatever it answers; what no page contains; and what is said nowhere. */
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { firstRunCode } from '../../plugin/web/auth/password.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { PASSWORD, startWeb, Visitor } from './app.js';
import { startWhole, UNIT, type Whole } from './whole.js';

const SECRETS = {
  metricsToken: 'secret-of-metrics',
  serfAuthKey: 'secret-of-serf',
  notifyUrl: 'http://127.0.0.1:9/secret-of-alerts',
} as const;
const ACCOUNT = { user: 'anna-of-the-account', password: 'secret-of-the-account' };
const GUESS = 'secret-that-was-wrong';

let whole: Whole;
let owner: Visitor;
let reader: Visitor;
const said: string[] = [];
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation((...words) => void said.push(words.map(String).join(' ')));
  vi.spyOn(console, 'log').mockImplementation((...words) => void said.push(words.map(String).join(' ')));
  whole = await startWhole({ config: SECRETS });
  owner = await new Visitor(whole).login();
  reader = new Visitor(whole);
  await reader.get('/');
  await reader.post('/login', { password: GUESS });
});
afterAll(async () => {
  await whole.close();
  vi.restoreAllMocks();
});

const HEADERS = {
  'content-security-policy': /^default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'$/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^SAMEORIGIN$/,
  'referrer-policy': /^same-origin$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\).*geolocation=\(\).*microphone=\(\)/,
} as const;

/** A cookie of ours is out of reach of scripts and of other sites. */
const COOKIE = /^cloudy_services(?:_lang)?=[\w.-]*; Path=\/(?:; Max-Age=\d+)?; HttpOnly; SameSite=Lax$/;

function expectHeaders({ headers, cookies }: LightMyRequestResponse, what: string): void {
  for (const [name, value] of Object.entries(HEADERS)) expect(headers[name], `${name} of ${what}`).toMatch(value);
  expect(headers, what).not.toHaveProperty('access-control-allow-origin');
  const set = [headers['set-cookie'] ?? []].flat();
  expect(set).toHaveLength(cookies.length);
  for (const cookie of set) expect(cookie, what).toMatch(COOKIE);
}

describe('the files that a page needs first', () => {
  it('are named before the page itself, to each visitor, and not with a part of it', async () => {
    for (const visitor of [owner, reader, reader]) {
      const { headers, body } = await visitor.get('/services/syncthing');
      const early = [...String(headers.link).matchAll(/<([^>]+)>; rel=preload; as=(style|script)/g)];
      expect(early.map(([, , as]) => as)).toEqual(['style', 'script']);
      // What the page does not use would be fetched for nothing.
      for (const [, address] of early) expect(body).toContain(`="${address}"`);
    }
    expect((await reader.get('/services/syncthing', { 'hx-request': 'true' })).headers).not.toHaveProperty('link');
  });
});

const gets = ROUTES.filter(({ method }) => method === 'GET');
const posts = ROUTES.filter(({ method, path }) => method === 'POST' && path !== '/logout');

describe('the security headers', () => {
  it.each(gets)('are on $path for owner and reader, as a page and as a part of one', async (route) => {
    const url = whole.addressOf(route);
    for (const visitor of [owner, reader]) {
      expectHeaders(await visitor.get(url), url);
      expectHeaders(await visitor.get(url, { 'hx-request': 'true' }), `a part of ${url}`);
    }
    expectHeaders(
      await whole.app.inject({ method: 'HEAD', url, headers: { host: 'node.example' } }),
      `the head of ${url}`,
    );
  });

  it.each(posts)('are on the answer of $path, done or refused', async (route) => {
    const url = whole.addressOf(route);
    const fields = { turn: 'off', unit: UNIT, language: 'en', password: GUESS };
    for (const [visitor, more] of [
      [owner, {}],
      [reader, {}],
      [owner, { token: '' }],
    ] as const) {
      const answer = await visitor.post(url, { ...fields, ...more });
      expectHeaders(answer, `${url}: ${answer.statusCode}`);
    }
  });

  const json = { 'content-type': 'application/json' };
  it.each([
    ['a page that does not exist', 404, { url: '/nothing' }],
    ['an address of the API that does not exist', 404, { url: '/api/v1/nothing' }],
    ['an address that is badly encoded', 404, { url: '/services/%zz' }],
    ['an address of which a part is too long', 404, { url: `/services/${'a'.repeat(500)}` }],
    ['a type that does not exist', 404, { url: '/services/nothing' }],
    ['an address of the API that needs a login', 401, { url: '/api/v1/events' }],
    ['a page that needs a login', 303, { url: '/events' }],
    ['a query that cannot be meant', 400, { url: '/services/dnsservice?page=x' }],
    ['broken JSON', 400, { url: '/api/v1/login', method: 'POST', headers: json, payload: `{"password":"${GUESS}"!` }],
    [
      'a poisoned object',
      400,
      { url: '/api/v1/login', method: 'POST', headers: json, payload: '{"__proto__":{"a":1}}' },
    ],
    ['an empty body', 400, { url: '/api/v1/login', method: 'POST', headers: json, payload: '' }],
    [
      'too large a body',
      413,
      { url: '/api/v1/login', method: 'POST', headers: json, payload: `"${'a'.repeat(70_000)}"` },
    ],
    [
      'files in a form',
      415,
      { url: '/login', method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, payload: '' },
    ],
    ['no token', 403, { url: '/language', method: 'POST', payload: {} }],
    [
      'the name of another site',
      421,
      { url: '/language', method: 'POST', headers: { host: 'evil.example' }, payload: {} },
    ],
    ['a method that no page has', 404, { url: '/', method: 'DELETE' }],
    ['metrics without their token', 401, { url: '/metrics' }],
    ['a public file', 200, { url: '/public/style.css' }],
    ['a public file, compressed', 200, { url: '/public/style.css', headers: { 'accept-encoding': 'gzip' } }],
    ['a part of a public file', 206, { url: '/public/style.css', headers: { range: 'bytes=0-9' } }],
    [
      'a part that a public file does not have',
      416,
      { url: '/public/style.css', headers: { range: 'bytes=999999999-' } },
    ],
    ['a public file that does not exist', 404, { url: '/public/nothing.css' }],
    ['the folder of the public files', 404, { url: '/public/' }],
  ] as const)('are on the answer to %s', async (what, status, request) => {
    const headers = { host: 'node.example', ...('headers' in request ? request.headers : {}) };
    const answer = await whole.app.inject({ ...request, headers });
    expect(answer.statusCode).toBe(status);
    expectHeaders(answer, what);
    expect(answer.body).not.toContain(GUESS);
  });

  it('are on a 204 answer', async () => {
    const file = await reader.get('/public/style.css');
    const kept = await reader.get('/public/style.css', { 'if-none-match': String(file.headers.etag) });
    expect(kept.statusCode).toBe(304);
    expectHeaders(kept, 'a public file that the browser has');
    // Of the answers above, one began to scan everything.
    for (const { id } of whole.panel.jobs.running()) await whole.panel.jobs.cancel(id);
    const page = await reader.get('/services/syncthing', { 'hx-request': 'true' });
    const since = /since=([\w-]+)/.exec(page.body)?.[1] ?? '';
    const same = await reader.get(`/services/syncthing?since=${since}`, { 'hx-request': 'true' });
    expect(same.statusCode).toBe(204);
    expectHeaders(same, 'a page that has not changed');
  });
});

describe('no page', () => {
  it.each(gets)('at $path contains a script, a style or an address of another site', async (route) => {
    for (const visitor of [owner, reader]) {
      const { body, headers } = await visitor.get(whole.addressOf(route));
      if (!String(headers['content-type']).startsWith('text/html')) continue;
      for (const [, attributes = '', inside = ''] of body.matchAll(/<script\b([^>]*)>([^<]*)/g)) {
        expect([attributes, inside]).toEqual([expect.stringMatching(/ src="\/public\/[\w.]+\?v=/), '']);
      }
      expect(body).not.toMatch(
        /<style|<iframe|<object|<embed|<base|<link[^>]*href="(?!\/public\/|\/manifest\.webmanifest")/,
      );
      const tags = body.match(/<[a-z][^>]*>/g) ?? [];
      expect(
        tags.filter((tag) =>
          /\s(?:style|on\w+|hx-on[\w:-]*|srcdoc)\s*=|=\s*["']?\s*(?:javascript|data|vbscript):|js:/i.test(tag),
        ),
      ).toEqual([]);
      const elsewhere = tags.filter(
        (tag) =>
          /\s(?:src|href|action|formaction|poster|hx-\w+)="(?!\/(?!\/)|#)/.test(tag) &&
          !/\shx-(?:trigger|swap|target|sync|boost|push)/.test(tag),
      );
      // The way to a provider's own page, which says nothing of where one came from.
      expect(
        elsewhere.filter(
          (tag) => !/^<a href="https?:\/\/127\.[\d.]+:\d+\/[^"]*" rel="noreferrer noopener">$/.test(tag),
        ),
      ).toEqual([]);
    }
  });
});

describe('secrets', () => {
  it('are in no page, export, event, log or metric', async () => {
    const proxy = whole.panel.discovery.providers('proxy3')[0]?.id ?? '';
    const scan = await owner.post(`/services/proxy3/providers/${proxy}/scan`, ACCOUNT);
    const job = await whole.panel.jobs.ended(scan.headers.location?.split('/').at(-1) ?? '');
    const urls = [
      ...gets.map((route) => whole.addressOf(route)),
      ...gets.map(({ path }) =>
        path.replace(':type', 'proxy3').replace('jobs/:id', `jobs/${job.id}`).replace(':id', proxy),
      ),
    ];
    const authorization = `Bearer ${SECRETS.metricsToken}`;
    const bodies = await Promise.all(urls.map(async (url) => (await owner.get(url, { authorization })).body));
    const session = owner.cookies.get('cloudy_services') ?? '';
    expect(session).toMatch(/^[\w-]{43}/);
    const words = [...Object.values(SECRETS), ...Object.values(ACCOUNT), PASSWORD, GUESS, session];
    const everything = [...bodies, whole.state(), JSON.stringify(whole.panel.jobs.get(job.id)), ...said].join('\n');
    expect(bodies.join('').length).toBeGreaterThan(100_000);
    expect(words.filter((word) => everything.includes(word))).toEqual([]);
    // A form's token is in the forms, and nowhere else.
    expect([...said, whole.state()].join('\n')).not.toContain(owner.token);
  });

  it('of the first run are only in the log of the start', async () => {
    const web = await startWeb({ owner: false });
    const code = firstRunCode(web.panel.store.settings);
    const visitor = new Visitor(web);
    const pages = await Promise.all(gets.map(async ({ path }) => (await visitor.get(path)).body));
    const wrong = await visitor.post('/login', { code: 'aaaa-aaaa-aaaa', password: PASSWORD });
    expect([...pages, wrong.body].filter((body) => body.includes(code) || body.includes(PASSWORD))).toEqual([]);
    await web.app.close();
  });
});
