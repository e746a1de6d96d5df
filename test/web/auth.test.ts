/** Who may do what: every POST that must be refused is, readers only read, and a host application may decide instead. */
import { type OutgoingHttpHeaders, request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ROUTES } from '../../plugin/web/routes.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { localOf, SERF_AWAY } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web?.app.close());

async function open(options?: Parameters<typeof startWeb>[0]): Promise<Visitor> {
  web = await startWeb(options);
  return new Visitor(web);
}
const posts = ROUTES.filter(({ method }) => method === 'POST').map(({ path }) => path);
const toAddress = (path: string) => path.replace(':type', 'dnsservice').replace(':id', 'abc');
const SCAN = '/services/dnsservice/scan';
const isOwner = async (visitor: Visitor) => (await visitor.get('/api/v1/session')).json().role === 'owner';

// All of them are refused: none needs an application that the one before has not touched.
describe('every order', () => {
  let shared: TestWeb;
  let owner: Visitor;
  let token: string;
  beforeAll(async () => {
    shared = await startWeb();
    owner = await new Visitor(shared).login();
    token = owner.token;
  });
  beforeEach(() => {
    owner.token = token;
  });
  afterEach(async () => {
    expect(shared.panel.jobs.running()).toEqual([]);
    expect(await isOwner(owner)).toBe(true);
  });
  afterAll(() => shared.app.close());

  it.each(posts)('%s is refused without the token', async (path) => {
    owner.token = '';
    expect((await owner.post(toAddress(path))).statusCode).toBe(403);
    owner.token = 'AAAA';
    expect((await owner.post(toAddress(path))).statusCode).toBe(403);
  });

  it.each(posts)('%s is refused from another site, also with the token', async (path) => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://node.example:7002' },
    ]) {
      owner.token = token;
      const { statusCode, body } = await owner.post(toAddress(path), {}, headers as Record<string, string>);
      expect(statusCode, JSON.stringify(headers)).toBe(403);
      expect(body).toMatch(/another site/);
    }
  });

  it.each(ROUTES.filter(({ method, need }) => method === 'POST' && need === 'owner').map(({ path }) => path))(
    '%s is refused without login',
    async (path) => {
      const visitor = new Visitor(shared);
      await visitor.get('/');
      expect((await visitor.post(toAddress(path))).statusCode).toBe(401);
    },
  );

  it.each(posts)('a GET of %s changes nothing', async (path) => {
    const { statusCode } = await owner.get(toAddress(path));
    // Some are answered with the page that they belong to.
    const hasPage = ROUTES.some((route) => route.method === 'GET' && route.path === path);
    expect(statusCode).toBe(hasPage ? 303 : 404);
  });
});

describe('a POST', () => {
  it('accepts the panel’s own origin, as browsers send it', async () => {
    const visitor = await open();
    await visitor.login();
    const headers = { origin: 'http://node.example:7001', 'sec-fetch-site': 'same-origin' };
    expect((await visitor.post(SCAN, {}, headers)).statusCode).toBe(303);
  });

  it('accepts an https origin behind a proxy that ends TLS', async () => {
    const visitor = await open();
    await visitor.login();
    expect((await visitor.post(SCAN, {}, { origin: 'https://node.example:7001' })).statusCode).toBe(303);
  });

  it("is refused with another visitor's token", async () => {
    const visitor = await open();
    await visitor.login();
    const other = new Visitor(web);
    await other.get('/');
    visitor.token = other.token;
    expect((await visitor.post(SCAN)).statusCode).toBe(403);
  });

  it.each(['', '/api/v1'])('below "%s" refuses a body that is too large, or neither a form nor JSON', async (root) => {
    const visitor = await open();
    await visitor.login();
    const filler = 'x'.repeat(70_000);
    const statuses = async (url: string) => [
      (await visitor.post(url, { filler })).statusCode,
      (await visitor.postJson(url, { filler })).statusCode,
      (await visitor.postJson(url, {}, { 'content-type': 'text/plain' })).statusCode,
      (await visitor.postJson(url, {}, { 'content-type': 'application/xml' })).statusCode,
      (await visitor.postJson(url, {}, { 'content-type': ';;' })).statusCode,
      (await visitor.postJson(url, JSON.parse('{"__proto__":{"role":"owner"}}'))).statusCode,
    ];
    expect(await statuses(root + SCAN)).toEqual([413, 413, 415, 415, 415, 400]);
    expect((await visitor.postJson(`${root}/nothing`, { filler })).statusCode).toBe(413);
    expect(web.panel.jobs.running()).toEqual([]);
  });

  it('accepts a deeply nested body', async () => {
    const visitor = await open();
    await visitor.login();
    const account = JSON.parse('['.repeat(3000) + ']'.repeat(3000));
    const url = `/api/v1/services/dnsservice/providers/${web.panel.lists.get('dnsservice')?.[0]?.provider.id}/scan`;
    expect((await visitor.postJson(url, { account })).statusCode).toBe(202);
  });

  it('checks both of two equal headers', async () => {
    const visitor = await open();
    await visitor.login();
    const { port } = new URL(await web.app.listen({ host: '127.89.2.1', port: 0 }));
    const post = (headers: OutgoingHttpHeaders) =>
      new Promise<number | undefined>((resolve, reject) => {
        const cookie = `cloudy_services=${visitor.cookies.get('cloudy_services')}`;
        const given = { cookie, 'x-csrf-token': visitor.token, ...headers };
        request({ host: '127.89.2.1', port, method: 'POST', path: SCAN, headers: given })
          .on('response', ({ statusCode }) => resolve(statusCode))
          .on('error', reject)
          .end();
      });
    expect(await post({ 'sec-fetch-site': ['same-origin', 'cross-site'] })).toBe(403);
    expect(await post({ 'x-csrf-token': [visitor.token, visitor.token] })).toBe(403);
    expect(web.panel.jobs.running()).toEqual([]);
    expect(await post({})).toBe(303);
  });
});

describe('an address', () => {
  it.each(['/services/%ff', '/services/%E0%A4%A', `/services/${'x'.repeat(101)}`, '/%00', '/services/..%2f..'])(
    '%s that leads nowhere is answered in our own words, with our headers',
    async (url) => {
      const visitor = await open();
      const { statusCode, body, headers } = await visitor.get(url);
      expect(statusCode).toBe(404);
      expect(body).not.toContain('FST_ERR');
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    },
  );

  it('answers an unknown address once, in the reader’s language', async () => {
    const { body } = await (await open()).get('/nothing', { 'accept-language': 'ca' });
    expect(body).not.toContain('This page does not exist');
    expect(body.match(/Aquesta pàgina no existeix/g)).toHaveLength(1);
  });

  it('answers the owner’s unknown address with an owner’s page', async () => {
    const visitor = await open();
    await visitor.login();
    expect((await visitor.get('/nothing')).body).toContain('action="/logout"');
  });
});

describe('reading', () => {
  it('needs a login everywhere except the login page, health and files where it is not public', async () => {
    const visitor = await open({ config: { publicRead: false } });
    const page = await visitor.get('/services/dnsservice');
    expect([page.statusCode, page.headers.location]).toEqual([303, '/login?next=%2Fservices%2Fdnsservice']);
    expect((await visitor.get('/api/v1/services')).statusCode).toBe(401);
    for (const url of ['/login', '/healthz', '/public/style.css']) {
      expect((await visitor.get(url)).statusCode, url).toBe(200);
    }
    await visitor.login();
    expect((await visitor.get('/services/dnsservice')).statusCode).toBe(200);
  });

  it('shows a reader no action that only the owner may take', async () => {
    const visitor = await open();
    web.panel.states.set('dnsservice', localOf({ unit: 'unbound.service', state: 'running', enabled: true }));
    const { body } = await visitor.get('/services/dnsservice');
    expect(body).not.toMatch(/\/(scan|start|stop)"/);
  });
});

describe("a host's own login", () => {
  it('replaces ours', async () => {
    let role: 'owner' | 'reader' | null = 'owner';
    const visitor = await open({ web: { authenticate: async () => role }, config: { publicRead: false } });
    const home = await visitor.get('/');
    expect(home.body).not.toContain('/login');
    expect((await visitor.get('/login')).statusCode).toBe(404);
    expect((await visitor.post(SCAN)).statusCode).toBe(303);
    role = 'reader';
    expect((await visitor.get('/')).statusCode).toBe(200);
    expect((await visitor.post(SCAN)).statusCode).toBe(401);
    role = null;
    expect((await visitor.get('/')).statusCode).toBe(401);
  });

  it('still needs the token', async () => {
    const visitor = await open({ web: { authenticate: async () => 'owner' } });
    expect((await visitor.post(SCAN)).statusCode).toBe(403);
  });

  it('answers 500 without details when it throws', async () => {
    vi.spyOn(console, 'error').mockImplementationOnce(() => {});
    const visitor = await open({ web: { authenticate: async () => Promise.reject(new Error('ldap password 1234')) } });
    const { statusCode, body } = await visitor.get('/');
    expect(statusCode).toBe(500);
    expect(body).not.toContain('1234');
  });
});

describe('where reading needs a login', () => {
  const AGENT = '10.139.40.7:7373';
  const away = {
    ...SERF_AWAY,
    error: { code: 'file-broken', message: `No agent on ${AGENT}.`, hint: `Look at ${AGENT}.` },
  };

  it('health says that a source is away, and neither its address nor why', async () => {
    const visitor = await open({ config: { publicRead: false } });
    web.panel.sourceList = [away];
    const { statusCode, body, json } = await visitor.get('/healthz');
    expect(statusCode).toBe(503);
    expect(body).not.toContain(AGENT);
    expect(json()).toEqual({
      ok: false,
      reason: 'serf: away',
      demo: false,
      sources: [{ name: 'serf', state: 'away' }],
    });
    await visitor.login();
    expect((await visitor.get('/healthz')).json().reason).toContain(AGENT);
  });

  it.each(['/login', '/nothing', '/services/dnsservice', '/api/v1/session', '/api/v1/status', '/healthz'])(
    '%s tells a stranger no address of this node',
    async (url) => {
      const visitor = await open({ config: { publicRead: false } });
      web.panel.sourceList = [away];
      expect((await visitor.get(url)).body).not.toContain(AGENT);
      expect((await visitor.get(url, { 'hx-request': 'true' })).body).not.toContain(AGENT);
    },
  );
});
