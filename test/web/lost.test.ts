/** Addresses with slashes too many, and those of a proxy that is mistaken about the panel's path. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { OWN_APP, registerWeb } from '../../plugin/web/index.js';
import { sharedTexts, startWeb, type TestWeb, Visitor } from './app.js';
import { fakePanel } from './fake-panel.js';

let web: TestWeb | undefined;
let whole: FastifyInstance | undefined;
afterEach(async () => {
  await Promise.all([web?.app.close(), whole?.close()]);
  web = whole = undefined;
});

/** The panel's own application, as the daemon registers it. */
async function own(prefix: string): Promise<FastifyInstance> {
  const panel = await fakePanel();
  const app = Fastify(OWN_APP);
  await app.register((scope) => registerWeb(scope, panel, { whole: app, texts: sharedTexts() }), { prefix });
  app.addHook('onClose', () => panel.close());
  whole = app;
  return app;
}

describe.each(['', '/cloudy'])('under "%s", slashes too many', (prefix) => {
  it.each([
    ['/help/', '/help'],
    ['/help//', '/help'],
    ['//help', '/help'],
    ['/services/dnsservice/', '/services/dnsservice'],
    ['/services//dnsservice', '/services/dnsservice'],
    ['/services/dnsservice/?order=node&q=a/b//', '/services/dnsservice?order=node&q=a/b//'],
    ['/services/a%2Fb/', '/services/a%2Fb'],
    ['/api/v1/services/', '/api/v1/services'],
    ['/api//v1/services', '/api/v1/services'],
    ['/healthz/', '/healthz'],
    ['/public/style.css/', '/public/style.css'],
    ['//', '/'],
  ])('%s leads to %s', async (url, right) => {
    web = await startWeb({ prefix });
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await web.app.inject({ method, url: prefix + url });
      expect([answer.statusCode, answer.headers.location]).toEqual([308, prefix + right]);
    }
    expect((await web.app.inject(prefix + right)).headers.location).toBeUndefined();
  });

  it('keep method and body of an order', async () => {
    web = await startWeb({ prefix });
    const visitor = await new Visitor(web).login(`${prefix}/`);
    for (const scan of [`${prefix}/services/dnsservice/scan`, `${prefix}/api/v1/services/dnsservice/scan`]) {
      const answer = await visitor.post(`${scan}/`);
      expect([answer.statusCode, answer.headers.location]).toEqual([308, scan]);
      expect([202, 303]).toContain((await visitor.post(scan)).statusCode);
    }
  });

  it.each([
    '/nothing/',
    '//evil.example/',
    '/help/%0d%0aX:1/',
    '/services/',
    '/services/dnsservice/providers/',
    `/${'a/'.repeat(3_000)}`,
  ])('lead nowhere where there is no such page: %s', async (url) => {
    web = await startWeb({ prefix });
    const answer = await web.app.inject(prefix + url);
    expect([answer.statusCode, answer.headers.location]).toEqual([404, undefined]);
  });
});

describe('behind a proxy that strips the path, though BASE_PATH names it', () => {
  it.each(['/', '/help', '/services/dnsservice', '/nothing', '/cloudy-other/help', '/cloud', '//', '/?a=b'])(
    '%s is answered by a page that says where the panel is, in the reader’s language',
    async (url) => {
      const app = await own('/cloudy');
      const answer = await app.inject({ url, headers: { 'accept-language': 'ca' } });
      expect([answer.statusCode, answer.headers.location]).toEqual([404, undefined]);
      expect(answer.headers['content-type']).toContain('text/html');
      expect(answer.body).toMatch(/Respon a \/cloudy\/\. .*BASE_PATH.*proxy_pass/);
      expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
    },
  );

  it('a program gets the same as JSON, an order too, and slashes are put right', async () => {
    const app = await own('/cloudy');
    for (const url of ['/api/v1/services', '/healthz', '/metrics']) {
      const { error } = (await app.inject(url)).json();
      expect(error).toMatchObject({ code: 'wrong-path', message: expect.stringContaining('/cloudy/') });
    }
    expect((await app.inject({ method: 'POST', url: '/services/dnsservice/scan' })).statusCode).toBe(404);
    expect((await app.inject({ method: 'HEAD', url: '/' })).statusCode).toBe(404);
    expect((await app.inject('//cloudy/help/')).headers.location).toBe('/cloudy/help');
    expect((await app.inject('/cloudy')).headers.location).toBe('/cloudy/');
  });
});

describe('behind a proxy that keeps a path which BASE_PATH does not name', () => {
  it.each(['/cloudy/', '/cloudy/help', '/a/b/services/dnsservice', '/cloudy/public/style.css'])(
    '%s is answered by a page that says so',
    async (url) => {
      const { statusCode, body } = await (await own('')).inject(url);
      expect(statusCode).toBe(404);
      expect(body).toMatch(/It answers at \/\. .*BASE_PATH/);
    },
  );

  it.each(['/hepl', '/services', '/services/', '/services/dnsservice/providers/', '/jobs/'])(
    'but not where a page is merely mistyped: %s',
    async (url) => {
      expect((await (await own('')).inject(url)).body).not.toContain('BASE_PATH');
    },
  );
});

it('a backslash, which browsers take for a slash, leads to no other site', async () => {
  web = await startWeb();
  await web.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = web.app.server.address() as AddressInfo;
  for (const path of ['/\\evil.example/', '/\\/help', '/help/\\']) {
    const asking = request({ host: '127.0.0.1', port, path }).end();
    const [{ statusCode, headers }] = (await once(asking, 'response')) as [IncomingMessage];
    expect([statusCode, headers.location]).toEqual([404, undefined]);
    asking.destroy();
  }
});

it('inside somebody else’s application, its own addresses stay its own', async () => {
  web = await startWeb({ prefix: '/neighbours' });
  expect((await web.app.inject('/')).json()).toMatchObject({ message: 'Route GET:/ not found' });
});
