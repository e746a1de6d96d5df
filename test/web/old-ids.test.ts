/** Addresses with an id of 12 digits, as bookmarks and scripts have them, lead to the provider that alone can be meant. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { ranked } from './fake-panel.js';

const TYPE = 'dnsservice';
/** Two addresses whose ids begin with the same 12 digits. */
const [NEIGHBOUR, MADE_UP] = ['10.87.9.63', '10.249.162.137'].map((address, index) =>
  ranked(TYPE, index, { provider: { address, port: 5300 } }),
) as [ReturnType<typeof ranked>, ReturnType<typeof ranked>];
const { id } = NEIGHBOUR.provider;
const SHORT = id.slice(0, 12);
const pageAddress = (of: string, prefix = '') => `${prefix}/services/${TYPE}/providers/${of}`;

let web: TestWeb;
beforeEach(async () => {
  web = await startWeb();
  web.panel.lists.set(TYPE, [NEIGHBOUR, ranked(TYPE, 9)]);
});
afterEach(() => web.app.close());

describe('an address with an id of 12 digits', () => {
  it('redirects a browser to the provider’s page, with its query', async () => {
    const visitor = new Visitor(web);
    const { statusCode, headers } = await visitor.get(`${pageAddress(SHORT)}?saved=yes`);
    expect([statusCode, headers.location]).toEqual([303, `${pageAddress(id)}?saved=yes`]);
    expect((await visitor.get(pageAddress(id))).statusCode).toBe(200);
  });

  it('redirects it below the panel’s path in another application', async () => {
    const other = await startWeb({ prefix: '/cloudy' });
    other.panel.lists.set(TYPE, [NEIGHBOUR]);
    const { headers } = await new Visitor(other).get(pageAddress(SHORT, '/cloudy'));
    expect(headers.location).toBe(pageAddress(id, '/cloudy'));
    await other.app.close();
  });

  it('is answered directly by the API and as a file', async () => {
    const visitor = new Visitor(web);
    expect((await visitor.get(`/api/v1${pageAddress(SHORT)}`)).json()).toMatchObject({ id });
    const file = await visitor.get(`${pageAddress(SHORT)}/measurements.json`);
    expect([file.statusCode, file.headers['content-disposition']]).toEqual([200, expect.stringContaining(id)]);
  });

  it('accepts a form of a page that stayed open during the upgrade', async () => {
    const visitor = await new Visitor(web).login();
    await visitor.get(pageAddress(id));
    await visitor.post(`${pageAddress(SHORT)}/opinion`, { pinned: 'yes' });
    expect(web.panel.store.opinions.get(TYPE, id).pinned).toBe(true);
    const { job } = (await visitor.postJson(`/api/v1${pageAddress(SHORT)}/scan`)).json();
    expect(job.provider).toBe(id);
    await web.panel.end();
  });

  it.each([
    ['two of the list can be meant', SHORT, [NEIGHBOUR, MADE_UP]],
    ['nobody can be meant', 'f'.repeat(12), [NEIGHBOUR]],
    ['it has fewer digits', SHORT.slice(0, 11), [NEIGHBOUR]],
    ['it has more digits', id.slice(0, 13), [NEIGHBOUR]],
  ])('is not found where %s', async (_, old, list) => {
    web.panel.lists.set(TYPE, list);
    const visitor = new Visitor(web);
    expect(MADE_UP.provider.id.startsWith(SHORT)).toBe(true);
    for (const path of [pageAddress(old), `/api/v1${pageAddress(old)}`])
      expect((await visitor.get(path)).statusCode).toBe(404);
  });

  it('tells nothing to a visitor who may not read', async () => {
    const shut = await startWeb({ config: { publicRead: false } });
    shut.panel.lists.set(TYPE, [NEIGHBOUR]);
    const { headers } = await new Visitor(shut).get(pageAddress(SHORT));
    expect(headers.location).toMatch(/\/login\?/);
    expect(headers.location).not.toContain(id);
    await shut.app.close();
  });
});
