/** The API for people and for generators of clients: the page, tags, examples, security; errors in the asked language. */
import { afterEach, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { document } from './described.js';

let web: TestWeb;
afterEach(() => web?.app.close());

it('has a page, linked from the foot, with lines that work as they are', async () => {
  web = await startWeb({ prefix: '/cloudy' });
  const visitor = new Visitor(web);
  expect((await visitor.get('/cloudy/help')).body).toContain('href="/cloudy/api"');
  const { body } = await visitor.get('/cloudy/api');
  const addresses = [...body.matchAll(/<pre class="cs-copy">curl -sS (http:[^<\s]+)</g)].map(
    ([, address = '']) => address,
  );
  expect(addresses.length).toBeGreaterThan(1);
  for (const address of addresses) expect((await visitor.get(new URL(address).pathname)).statusCode, address).toBe(200);
  expect(body).toContain('/api/v1/services/{type}/scan');
});

it('says where reading needs a token', async () => {
  web = await startWeb({ config: { publicRead: false } });
  const { body, statusCode } = await new Visitor(web).get('/api');
  expect(statusCode).toBe(200);
  expect(body).toContain('reading needs a token');
  expect(body.match(/curl -sS [^<]*/g)?.every((line) => line.includes('$TOKEN'))).toBe(true);
});

it('puts every operation under one tag, and says what each 202 means', () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods)) as {
    tags: string[];
    responses: Record<string, { description: string }>;
  }[];
  const tags = document.tags.map(({ name }) => name);
  for (const { tags: own } of operations) expect(tags).toContain(own.join());
  expect(new Set(operations.flatMap(({ tags }) => tags))).toEqual(new Set(tags));
  const accepted = operations.flatMap(({ responses }) => responses[202]?.description ?? []);
  expect(accepted.length).toBeGreaterThan(8);
  for (const meaning of accepted) expect(meaning).toMatch(/until `state` is not `running`|^The job, ended/);
});

it('demands of a POST a token alone, or a cookie with the form token', () => {
  const security = (path: string, method: string) => document.paths[path]?.[method]?.security;
  const session = { session: [], token: [] };
  expect(security('/api/v1/services/{type}/scan', 'post')).toEqual([{ bearer: [] }, session]);
  expect(security('/api/v1/login', 'post')).toEqual([session]);
  expect(security('/api/v1/services', 'get')).toEqual([{}, { bearer: [] }, { session: [] }]);
});

it('has an example where the panel knows one', async () => {
  web = await startWeb();
  const served = (await new Visitor(web).get('/api/v1/openapi.json')).json();
  expect(served.paths['/api/v1/services/{type}'].get.parameters[0]).toMatchObject({ example: 'dnsservice' });
  expect(served.components.schemas.Job.examples[0]).toMatchObject({ state: 'running' });
});

it('says errors in the asked language, with the details that only the error knows', async () => {
  web = await startWeb();
  const ask = async (url: string, language: string) =>
    (await web.app.inject({ url, headers: { 'accept-language': language } })).json().error;
  expect(await ask('/api/v1/services/none', 'en')).toMatchObject({ code: 'unknown-type' });
  const spanish = await ask('/api/v1/services/none', 'es');
  expect(spanish.message).toBe((await ask('/api/v1/services/nada', 'es')).message);
  expect(spanish.message).not.toBe((await ask('/api/v1/services/none', 'en')).message);
  expect((await ask('/api/v1/services/dnsservice?sort=x', 'ca')).message).toContain('one of score');
});
