/** Finding in a long list: search, filters, order and pages, in the address, on the page and by the API. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Ranked } from '../../plugin/model/ranked.js';
import { API_DEFAULTS } from '../../plugin/present/list.js';
import { EVERYTHING, readSearch, type Search, SORTS, searchRows, toQuery } from '../../plugin/present/search.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NUMBERLESS, ranked } from './fake-panel.js';

const PATH = { rtt: 20, jitter: 1, loss: 0 };
const failed = { ...NUMBERLESS, score: 0, level: 0 as const, reason: 'timeout' as const, samples: 0 };
const named = (index: number, node: string, more: Parameters<typeof ranked>[2] = {}) =>
  ranked('dnsservice', index, { ...more, provider: { node, ...more.provider } });

const LIST: readonly Ranked[] = [
  named(1, 'Torre 10', { score: 95, path: { ...PATH, rtt: 30 }, provider: { community: 'anoia' } }),
  named(2, 'torre 9', { score: 80, path: { ...PATH, rtt: 4 }, provider: { sources: ['avahi'], community: 'osona' } }),
  named(3, 'Núria', { score: 60, measuredAt: 5, path: PATH, provider: { description: 'at the <church>' } }),
  named(4, 'gone', failed),
  named(5, 'never', {
    ...NUMBERLESS,
    score: null,
    level: 0,
    attempts: 0,
    measuredAt: null,
    provider: { barred: 'no-port' },
  }),
  { ...named(6, 'away', { score: 70, path: null }), hidden: true },
];
const MISSED = named(7, 'missed', { score: 75, failures: 1 });
const asked = (query: Record<string, string>, defaults = API_DEFAULTS) => searchRows(LIST, readSearch(query), defaults);
const nodes = (query: Record<string, string>) => asked(query).rows.map(({ provider }) => provider.node);

describe('a list', () => {
  it.each<[Record<string, string>, string[]]>([
    [{ q: 'TORRE' }, ['Torre 10', 'torre 9']],
    [{ q: 'nuria church' }, ['Núria']],
    [{ q: '10.139.40.4:53' }, ['gone']],
    [{ q: 'torre church' }, []],
    [{ reachable: 'yes' }, ['Torre 10', 'torre 9', 'Núria', 'away']],
    [{ measured: 'yes', hidden: 'no' }, ['Torre 10', 'torre 9', 'Núria', 'gone']],
    [{ community: 'osona' }, ['torre 9']],
    [{ source: 'avahi' }, ['torre 9']],
    [{ pinned: 'yes' }, []],
    [{ measurable: 'yes', hidden: 'no' }, ['Torre 10', 'torre 9', 'Núria', 'gone']],
    [{ hidden: 'only' }, ['away']],
    [{ hidden: 'only', q: 'torre' }, []],
    [{ sort: 'name' }, ['away', 'gone', 'never', 'Núria', 'torre 9', 'Torre 10']],
    [{ sort: 'rtt' }, ['torre 9', 'Núria', 'Torre 10', 'gone', 'never', 'away']],
    [{ sort: 'measured' }, ['Torre 10', 'torre 9', 'gone', 'away', 'Núria', 'never']],
  ])('filtered by %o shows %o', (query, expected) => {
    expect(nodes(query)).toEqual(expected);
  });

  it('filtered by what works leaves out an open port, which proves nothing', () => {
    const open = named(8, 'open', { ...NUMBERLESS, level: 2, score: null, reason: 'not-checked' });
    const door = named(9, 'door', { level: 2, unproven: true });
    const shown = (filter: string) =>
      searchRows([open, door, MISSED, ...LIST], readSearch({ [filter]: 'yes' }), API_DEFAULTS).rows;
    expect(shown('works').map(({ provider }) => provider.node)).toEqual(['Torre 10', 'torre 9', 'Núria', 'away']);
    expect(shown('reachable')).toEqual([open, door, ...shown('works')]);
  });

  it('filtered by reachable leaves out a provider that failed the last probe, however good its score', () => {
    expect(searchRows([MISSED, ...LIST], readSearch({ reachable: 'yes' }), API_DEFAULTS).rows).not.toContain(MISSED);
    expect(searchRows([MISSED, ...LIST], readSearch({ measured: 'yes' }), API_DEFAULTS).rows).toContain(MISSED);
  });

  it('keeps the ranked order without a query', () => {
    expect(asked({ q: '', sort: '', page: '' }).rows).toEqual(LIST);
  });

  it('has pages that together hold each row once; past the end comes the last page', () => {
    const long = Array.from({ length: 25 }, (_, index) => named(index, `node${index}`));
    const page = (number: string) => searchRows(long, readSearch({ rows: '10', page: number }), API_DEFAULTS);
    expect(['1', '2', '3'].flatMap((number) => page(number).rows)).toEqual(long);
    expect(page('3')).toMatchObject({ page: 3, pages: 3, first: 21, total: 25 });
    expect(page('99')).toEqual(page('3'));
    expect(searchRows([], readSearch({}), API_DEFAULTS)).toMatchObject({ page: 1, pages: 1, first: 0, total: 0 });
  });

  it('counts hidden rows, and puts pinned rows first only where the defaults say so', () => {
    const pinned = LIST.map((row, at) => ({ ...row, pinned: at === 2 }));
    const found = searchRows(pinned, EVERYTHING, { rows: 100, hidden: false, pinnedFirst: true });
    expect([found.rows[0]?.provider.node, found.total, found.hidden]).toEqual(['Núria', 5, 1]);
    expect(searchRows(pinned, EVERYTHING, API_DEFAULTS).rows).toEqual(pinned);
  });
});

describe('what announcers say', () => {
  const saying = (index: number, node: string, said: Record<string, string>) =>
    named(index, node, { provider: { txt: new Map(Object.entries(said)) } });
  const rows = [
    saying(11, 'all', { open: 'yes', lang: 'ca,es', by: 'El_Mas', since: '2019' }),
    saying(12, 'some', { open: 'ask', lang: 'ca', full: '1' }),
    saying(13, 'mute', {}),
  ];
  const found = (query: Record<string, string>) =>
    searchRows(rows, readSearch(query), API_DEFAULTS).rows.map(({ provider }) => provider.node);

  it.each<[Record<string, string>, string[]]>([
    [{ open: 'yes' }, ['all']],
    [{ vacant: 'yes' }, ['all', 'mute']],
    [{ lang: 'ca' }, ['all', 'some']],
    [{ lang: 'es', open: 'yes' }, ['all']],
    [{ lang: 'de' }, []],
  ])('finds by it: %o', (query, expected) => {
    expect(found(query)).toEqual(expected);
  });

  it('is offered as filters where somebody says it, and said on row and page', async () => {
    const web = await startWeb();
    onTestFinished(() => web.app.close());
    const visitor = new Visitor(web);
    web.panel.lists.set('dnsservice', LIST);
    expect((await visitor.get('/services/dnsservice')).body).not.toContain('vacant=yes');
    web.panel.lists.set('dnsservice', [...rows, ...LIST]);
    const list = (await visitor.get('/services/dnsservice')).body;
    expect(['open=yes', 'vacant=yes', 'lang=ca', 'lang=es'].map((link) => list.includes(link))).toEqual(
      Array(4).fill(true),
    );
    for (const word of ['open to all', 'ask first', 'full'])
      expect(list).toMatch(new RegExp(`<span class="cs-chip[^"]*">${word}<`));
    expect(list).toContain('Catalan');
    const page = (await visitor.get(`/services/dnsservice/providers/${rows[0]?.provider.id}`)).body;
    for (const text of ['El Mas', '2019', 'everybody', 'Catalan, Spanish']) expect(page).toContain(`<dd>${text}</dd>`);
  });
});

describe('the address', () => {
  const text = fc.string({ maxLength: 128 }).map((value) => value.trim());
  const finds: fc.Arbitrary<Search> = fc.record({
    ...{ q: text, community: text, source: text, sort: fc.constantFrom(...SORTS), reverse: fc.boolean() },
    ...{
      works: fc.boolean(),
      reachable: fc.boolean(),
      measured: fc.boolean(),
      measurable: fc.boolean(),
      pinned: fc.boolean(),
    },
    ...{ open: fc.boolean(), vacant: fc.boolean(), lang: text },
    ...{
      hidden: fc.constantFrom<Search['hidden'][]>(null, true, false, 'only'),
      page: fc.integer({ min: 1, max: 100_000 }),
    },
    rows: fc.option(fc.integer({ min: 10, max: 1000 })),
  });

  it('holds the whole search, whatever it is', () => {
    fc.assert(
      fc.property(finds, (find) => {
        expect(readSearch(Object.fromEntries(new URLSearchParams(toQuery(find))))).toEqual(find);
      }),
    );
    expect(toQuery(EVERYTHING)).toBe('');
  });

  it.each([
    { rows: '9' },
    { rows: '1001' },
    { rows: '1e2' },
    { page: '0' },
    { page: '-1' },
    { sort: 'speed' },
    { reachable: 'maybe' },
    { hidden: 'maybe' },
    { q: 'x'.repeat(129) },
    { q: ['a', 'b'] },
  ])('with %o is refused, naming the parameter', (query) => {
    expect(() => readSearch(query)).toThrow(`“${Object.keys(query)[0]}”`);
  });
});

describe('on the page', () => {
  let web: TestWeb;
  afterEach(() => web.app.close());

  async function open(count = 30): Promise<Visitor> {
    web = await startWeb();
    if (count !== 30) {
      const many = Array.from({ length: count }, (_, index) =>
        ranked('dnsservice', index, { provider: { address: `10.1.${index >> 8}.${index & 255}` } }),
      );
      web.panel.lists.set('dnsservice', many);
    }
    return new Visitor(web);
  }
  const countRows = (body: string) => body.match(/<tr id="p-/g)?.length ?? 0;

  it('each filter counts the rows behind its link, also combined with another filter', async () => {
    const visitor = await open();
    await visitor.login();
    web.panel.lists.set(
      'dnsservice',
      (web.panel.lists.get('dnsservice') ?? []).map((row, at) => ({
        ...row,
        pinned: at % 5 === 0,
        hidden: at % 7 === 3,
      })),
    );
    for (const start of [
      '/services/dnsservice',
      '/services/dnsservice?source=avahi',
      '/services/dnsservice?hidden=yes',
    ]) {
      const { body } = await visitor.get(start);
      const links = [...body.matchAll(/class="cs-filter" href="([^"]+)">[^<]+<b>(\d+)<\/b>/g)];
      expect(links.length, start).toBeGreaterThan(2);
      for (const [, href = '', count] of links) {
        expect(countRows((await visitor.get(href.replaceAll('&amp;', '&'))).body), href).toBe(Number(count));
      }
    }
  });

  it('a thousand rows come in pages of a hundred, whose links keep the search', async () => {
    const visitor = await open(1000);
    const first = await visitor.get('/services/dnsservice?q=node&sort=name');
    expect(countRows(first.body)).toBe(100);
    expect(first.body).toContain('1–100 of 1,000');
    expect(first.body).not.toContain('rel="prev"');
    const next = /rel="next" href="([^"]+)"/.exec(first.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(next).toBe('/services/dnsservice?q=node&sort=name&page=2');
    const last = await visitor.get('/services/dnsservice?rows=400&page=3');
    expect(countRows(last.body)).toBe(200);
    expect(last.body).toContain('rel="prev" href="/services/dnsservice?rows=400&amp;page=2"');
    expect(last.body).not.toContain('rel="next"');
    expect(last.body).toMatch(/<span>801</);
  });

  it('each head sorts by its column, and once more the other way round, those without a value last', async () => {
    const visitor = await open(3);
    const [one, two, three] = web.panel.lists.get('dnsservice') ?? [];
    if (!one || !two || !three) throw new Error('no list');
    const path = (rtt: number) => ({ path: { rtt, jitter: null, loss: null } });
    web.panel.lists.set('dnsservice', [{ ...one, ...path(9) }, two, { ...three, ...path(4) }]);
    const order = ({ body }: { readonly body: string }) =>
      [...body.matchAll(/<tr id="p-(\w+)"/g)].map(([, id]) =>
        [one, two, three].findIndex((row) => row.provider.id === id),
      );
    const head = (body: string) => /<th[^>]*aria-sort="(\w+)"><a id="cs-order-rtt" href="([^"]+)">/.exec(body);
    const sorted = await visitor.get('/services/dnsservice?sort=rtt');
    expect([order(sorted), head(sorted.body)?.[1]]).toEqual([[2, 0, 1], 'ascending']);
    const again = await visitor.get((head(sorted.body)?.[2] ?? '').replaceAll('&amp;', '&'));
    expect([order(again), head(again.body)?.[1]]).toEqual([[0, 2, 1], 'descending']);
    expect(head(again.body)?.[2]).toBe('/services/dnsservice?sort=rtt');
  });

  it('a filter with nothing behind it cannot be pressed, unless it is on', async () => {
    const visitor = await open();
    const filter = async (query = '') =>
      /<a id="cs-by-source-avahi"[^>]*>/.exec((await visitor.get(`/services/dnsservice${query}`)).body)?.[0];
    expect(await filter()).toContain('href=');
    expect(await filter('?q=node1.guifi')).toMatch(/aria-disabled="true">$/);
    expect(await filter('?q=node1.guifi&source=avahi')).toMatch(/href=.*aria-current/);
  });

  it('a filter without matches says so and can be cleared', async () => {
    const visitor = await open();
    const { body } = await visitor.get('/services/dnsservice?q=%3Cscript%3Ezzz&sort=name');
    expect(body).toContain('No provider matches.');
    expect(body).toContain('value="&lt;script&gt;zzz"');
    expect(body).toMatch(/href="\/services\/dnsservice\?sort=name">Clear filters/);
  });

  it('does not offer to leave out what is hidden where nothing is', async () => {
    web = await startWeb();
    const visitor = await new Visitor(web).login();
    expect((await visitor.get('/services/dnsservice?hidden=yes')).body).not.toContain('Leave out the ones');
  });

  it('hidden rows are behind a link, for the owner only, and pinned rows come first', async () => {
    const visitor = await open();
    const list = web.panel.lists.get('dnsservice') ?? [];
    const chosen = list.map((row, at) => ({ ...row, pinned: at === 8, hidden: at === 29 }));
    web.panel.lists.set('dnsservice', chosen);
    const asReader = await visitor.get('/services/dnsservice');
    expect([countRows(asReader.body), asReader.body.includes('hidden provider')]).toEqual([30, false]);
    await visitor.login();
    const { body } = await visitor.get('/services/dnsservice');
    expect(countRows(body)).toBe(29);
    expect(body).toContain('href="/services/dnsservice?hidden=only">1 hidden provider: show it');
    expect(/<tr id="p-(\w+)"/.exec(body)?.[1]).toBe(chosen[8]?.provider.id);
    expect(body).toMatch(/<span>9</);
    const groups = (text: string) =>
      [...text.matchAll(/<tr role="row" class="cs-group">.*?>([^<]+)<\/th>/gs)].map(([, name]) => name);
    expect([groups(asReader.body), groups(body)]).toEqual([[], ['Pinned', 'The others']]);
    expect(countRows((await visitor.get('/services/dnsservice?hidden=yes')).body)).toBe(30);
    const alone = (await visitor.get('/services/dnsservice?hidden=only')).body;
    expect([...alone.matchAll(/<tr id="p-(\w+)"/g)].map(([, id]) => id)).toEqual([chosen[29]?.provider.id]);
    expect(alone).toContain('href="/services/dnsservice">Leave out the ones I have hidden');
  });

  it('a short list has no search and filters, unless its address has them', async () => {
    const visitor = await open(5);
    const has = async (query = '') => (await visitor.get(`/services/dnsservice${query}`)).body.includes('id="cs-q"');
    expect(await has()).toBe(false);
    for (const query of ['?q=node1', '?q=nobody', '?reachable=yes', '?sort=name', '?measured=yes&page=9'])
      expect(await has(query), query).toBe(true);
    for (const query of ['?hidden=yes', '?rows=10', '?page=2']) expect(await has(query), query).toBe(false);
    expect(countRows((await visitor.get('/services/dnsservice?q=node1')).body)).toBe(1);
    await web.app.close();
    expect(await (await open(6)).get('/services/dnsservice')).toMatchObject({
      body: expect.stringContaining('id="cs-q"'),
    });
  });

  it('a running scan redraws only the shown page, with its filters', async () => {
    const visitor = await open();
    await visitor.login();
    const HTMX = { 'hx-request': 'true' };
    const page = await visitor.get('/services/dnsservice?reachable=yes&rows=10&page=2');
    const action = /hx-post="([^"]+scan[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const started = await visitor.post(action, {}, HTMX);
    const poll = /<section id="type"[^>]* hx-get="([^"]+)"/.exec(started.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(poll).toMatch(/\?reachable=yes&rows=10&page=2&job=/);
    expect(countRows((await visitor.get(poll, HTMX)).body)).toBe(8);
    await web.panel.end();
    expect((await visitor.get(poll, HTMX)).body).toContain('aria-current="true">Reachable');
  });

  it('the publish form does not filter the list, although it has a community field too', async () => {
    const visitor = await open();
    await visitor.login();
    const { body } = await visitor.get(
      '/services/dnsservice?description=x&port=53&attributes=&community=nobody&token=x',
    );
    expect(countRows(body)).toBe(30);
  });

  it('the API lists all rows in ranked order, and accepts the same filters', async () => {
    const visitor = await open(1000);
    const all = (await visitor.get('/api/v1/services/dnsservice')).json();
    expect([all.providers.length, all.found]).toEqual([1000, { total: 1000, page: 1, pages: 1 }]);
    const some = (await visitor.get('/api/v1/services/dnsservice?q=node99&rows=10&page=2')).json();
    expect([some.providers.length, some.found]).toEqual([1, { total: 11, page: 2, pages: 2 }]);
    const wrong = await visitor.get('/api/v1/services/dnsservice?sort=speed');
    expect([wrong.statusCode, wrong.json().error.code]).toEqual([400, 'bad-query']);
  });
});
