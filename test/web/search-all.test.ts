/** The search over everything, and the page of a node. */
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerWeb } from '../../plugin/web/index.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { problemOf } from './described.js';
import { NOW, ranked } from './fake-panel.js';

let web: TestWeb;
let reader: Visitor;
beforeEach(async () => {
  web = await startWeb();
  web.panel.lists.clear();
  reader = new Visitor(web);
});
afterEach(() => web.app.close());

const list = (type: string, ...nodes: string[]) =>
  web.panel.lists.set(
    type,
    nodes.map((node, index) => ranked(type, index, { provider: { node, description: `Osona ${index}` } })),
  );

async function search(q: string) {
  const answer = await reader.get(`/api/v1/search?${new URLSearchParams({ q })}`);
  expect(problemOf('GET', '/api/v1/search', answer)).toBeNull();
  const { types, nodes, providers, addresses } = answer.json();
  const names = ({ rows }: { rows: { node: string }[] }) => rows.map(({ node }) => node);
  return {
    types: types.rows.map(({ type }: { type: string }) => type),
    ...{ nodes: names(nodes), providers: names(providers), addresses: names(addresses), total: providers.total },
  };
}

describe('the search', () => {
  it('finds types, nodes and providers by any of their words, without case and accents', async () => {
    list('dnsservice', 'VIC-Adobería', 'GRA-Plaça');
    list('webdav', 'VIC-Adobería');
    expect(await search('adoberia')).toMatchObject({
      ...{ types: [], nodes: ['VIC-Adobería'], providers: ['VIC-Adobería', 'VIC-Adobería'], addresses: [] },
    });
    expect(await search('DNS plaça')).toMatchObject({ types: [], providers: ['GRA-Plaça'], nodes: [] });
    expect(await search('dns')).toMatchObject({ types: ['dnsservice'], providers: ['VIC-Adobería', 'GRA-Plaça'] });
    // In another language than the page's.
    expect((await search('servidor')).types).toContain('dnsservice');
  });

  it('finds no type by the middle of a word', async () => {
    list('dnsservice', 'VIC-Adoberia', 'GRA-Placa');
    const told = ranked('webdav', 9, { provider: { node: 'x', description: 'DNSService, Service' } });
    web.panel.lists.set('webdav', [told]);
    expect(await search('vic')).toMatchObject({ types: [], providers: ['VIC-Adoberia'] });
    expect((await search('serv')).providers).toContain('x');
  });

  it('finds addresses apart', async () => {
    list('dnsservice', 'VIC-Adoberia', 'GRA-Placa');
    expect(await search('40.1:53')).toMatchObject({ providers: [], nodes: [], addresses: ['GRA-Placa'] });
  });

  it('shows the first fifty, and how many more there are', async () => {
    list('dnsservice', ...Array.from({ length: 120 }, (_, index) => `node${index}`));
    expect(await search('node')).toMatchObject({ total: 120, providers: { length: 50 }, nodes: { length: 50 } });
    const { body } = await reader.get('/search?q=node');
    expect(body.match(/70 more/g)).toHaveLength(2);
  });

  it('finds nothing in nothing, and says what to do about no match', async () => {
    list('dnsservice', 'VIC-Adoberia');
    expect(await search(' ')).toMatchObject({ types: [], providers: [] });
    expect((await reader.get('/search')).body).not.toContain('matches');
    expect((await reader.get('/search?q=%3Cb%3E')).body).toContain('/help/not-listed?node=%3Cb%3E');
    expect((await reader.get(`/search?q=${'x'.repeat(200)}`)).statusCode).toBe(400);
  });

  it('takes no longer than the lists of ten thousand providers', async () => {
    for (let type = 0; type < 10; type++)
      list(`type${type}`, ...Array.from({ length: 1_000 }, (_, index) => `node ${type} ${index}`));
    // By the ten lists of a thousand each, in the same minute: machines and their load differ.
    const took = async (ask: () => Promise<unknown>) => {
      const times: number[] = [];
      for (let time = 0; time < 3; time++) {
        const start = performance.now();
        await ask();
        times.push(performance.now() - start);
      }
      return Math.min(...(times as [number, number, number]));
    };
    const list1000 = await took(() => reader.get('/api/v1/services/type0'));
    expect(await took(() => search('osona 99'))).toBeLessThan(10 * list1000);
    const found = await search('osona 99');
    expect(found.total).toBeGreaterThan(100);
  });

  it('stands in the head of every page, but of its own', async () => {
    list('dnsservice', 'VIC-Adoberia');
    expect((await reader.get('/help')).body).toMatch(/<form[^>]*action="\/search"[\s\S]*id="cs-find"/);
    expect((await reader.get('/search')).body).not.toContain('cs-find');
  });
});

describe('a node', () => {
  it('is told with all that it offers, as a page and for programs', async () => {
    list('dnsservice', 'VIC-Adoberia', 'GRA-Placa');
    list('webdav', 'VIC-Adoberia');
    web.panel.lists.set('owp', [ranked('owp', 9, { score: 0, reason: 'timeout', provider: { node: 'VIC-Adoberia' } })]);
    const { body } = await reader.get('/nodes/VIC-Adoberia');
    expect(body).toContain('offers 3 services, 2 work');
    expect(body).not.toContain('GRA-Placa');
    const answer = await reader.get('/api/v1/nodes/VIC-Adoberia');
    expect(problemOf('GET', '/api/v1/nodes/:name', answer)).toBeNull();
    expect(answer.json()).toMatchObject({ offers: 3, works: 2, providers: { length: 3 } });
  });

  it('is linked from the pages of its providers, and from the search', async () => {
    list('dnsservice', 'VIC/Adoberia?#%');
    const id = web.panel.lists.get('dnsservice')?.[0]?.provider.id;
    const link = 'href="/nodes/VIC%2FAdoberia%3F%23%25"';
    expect((await reader.get(`/services/dnsservice/providers/${id}`)).body).toContain(link);
    expect((await reader.get('/search?q=adoberia')).body).toContain(link);
  });

  it.each(['a/b', '%', '%2F', 'a b', '<script>', 'né\u0301', 'x'.repeat(128), '🏔', '?q#', '__proto__'])(
    'may be called %j',
    async (name) => {
      list('dnsservice', name);
      const answer = await reader.get(`/nodes/${encodeURIComponent(name)}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).not.toContain('<script>alert');
    },
  );

  it('is found by a long name, too, where the application takes none in a path', async () => {
    const long = `á&${'x'.repeat(120)}`;
    const app = Fastify();
    await app.register((scope) => registerWeb(scope, web.panel, { now: () => NOW }), { prefix: '/host' });
    const visitor = new Visitor({ app });
    list('dnsservice', long, 'x'.repeat(100));
    const href = /href="(\/host\/nodes[^"]+)"/;
    for (const [at, path] of [/^\/host\/nodes\?name=/, /^\/host\/nodes\/x+$/].entries()) {
      const { id = '' } = web.panel.lists.get('dnsservice')?.[at]?.provider ?? {};
      const { body } = await visitor.get(`/host/services/dnsservice/providers/${id}`);
      const link = href.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? '';
      expect(link).toMatch(path);
      expect((await visitor.get(link)).statusCode).toBe(200);
      expect((await visitor.get(link.replace('/host/', '/host/api/v1/'))).json()).toMatchObject({ offers: 1 });
    }
    await app.close();
  });

  it('that nobody has heard of is not found; one without a name is not linked', async () => {
    list('dnsservice', '', '..');
    expect((await reader.get('/nodes/none')).statusCode).toBe(404);
    expect((await reader.get('/api/v1/nodes/none')).json().error.code).toBe('unknown-node');
    const [unnamed, dots] = web.panel.lists.get('dnsservice') ?? [];
    const page = async (id = '') => (await reader.get(`/services/dnsservice/providers/${id}`)).body;
    expect(await page(unnamed?.provider.id)).not.toContain('/nodes/');
    expect(await page(dots?.provider.id)).toContain('href="/nodes?name=.."');
  });
});
