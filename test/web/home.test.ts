/** The first page: each service in a sentence, what needs the owner's hand first, and every number a link to what it counts. */
import { afterEach, describe, expect, it } from 'vitest';
import { PanelError } from '../../plugin/model/errors.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { localOf, NOW, NUMBERLESS, ranked } from './fake-panel.js';

const OPEN = { transport: 'tcp', listening: 'open' } as const;

let web: TestWeb;
afterEach(() => web.app.close());

async function open(): Promise<Visitor> {
  web = await startWeb();
  return new Visitor(web);
}
const titles = (body: string) => [...body.matchAll(/class="cs-cover"[^>]*>([^<]+)</g)].map(([, title = '']) => title);
const text = (html: string) =>
  html
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('\u00a0', ' ');

describe('the first page', () => {
  it.each([
    ['en', 'node1 Fastest, and answered every time: 4 of 4'],
    ['ca', 'node1 El més ràpid, i ha respost sempre: 4 de 4'],
    ['es', 'node1 El más rápido, y respondió siempre: 4 de 4'],
  ])('says in %s who is best, and why', async (language, sentence) => {
    const visitor = await open();
    const list = web.panel.lists.get('dnsservice') ?? [];
    const quicker = (row: Ranked) => row.parts.map((part) => (part.unit === 'ms' ? { ...part, value: 2 } : part));
    web.panel.lists.set(
      'dnsservice',
      list.map((row, at) => (at === 0 ? { ...row, parts: quicker(row) } : row)),
    );
    const { body } = await visitor.get('/', { 'accept-language': language });
    expect(text(body.replaceAll('</a>', ' ')).replaceAll('\u00a0', ' ')).toContain(sentence);
    expect(body).toMatch(/href="\/services\/dnsservice\/providers\/[^"]+#use"/);
  });

  it('shows a failed own service before all others, in words', async () => {
    const visitor = await (await open()).login();
    const usual = titles((await visitor.get('/')).body);
    web.panel.states.set('tincvpn', localOf({ unit: 'tinc@mesh.service', state: 'failed', enabled: true }));
    const { body } = await visitor.get('/');
    expect(body).toContain('Your own service has failed.');
    expect(titles(body)).toEqual([
      'tinc private network',
      ...usual.filter((title) => title !== 'tinc private network'),
    ]);
    const { services } = (await visitor.get('/api/v1/services')).json();
    expect(services[0].type).toBe('dnsservice');
  });

  it('shows a type with a probe as a full card, and only those whose port is checked among the others', async () => {
    const visitor = await open();
    for (const word of ['ntp', 'voip', 'other', 'pastecat']) web.panel.lists.set(word, [ranked(word, 1)]);
    const [full = '', others = ''] = (await visitor.get('/')).body.split('<h2>Other services</h2>');
    expect(titles(full)).toEqual(expect.arrayContaining(['DNS server', 'Time', 'Telephony']));
    expect(titles(others)).toEqual(['Other services', 'pastecat']);
    const { services } = (await visitor.get('/api/v1/services')).json();
    const known = services.map(({ type, known }: { type: string; known: boolean }) => [type, known]);
    expect(Object.fromEntries(known)).toMatchObject({ ntp: true, voip: true, other: false, pastecat: false });
  });

  it('shows other services in pages, each once, whatever strangers announce', async () => {
    const visitor = await open();
    const words = Array.from({ length: 60 }, (_, nth) => `word${100 + nth}`);
    for (const word of words) web.panel.lists.set(word, [ranked(word, 1)]);
    const seen: string[] = [];
    for (let address: string | undefined = '/'; address !== undefined; ) {
      const { body } = await visitor.get(address);
      const found = titles(body).filter((title) => title.startsWith('word'));
      expect(found.length).toBeLessThanOrEqual(24);
      seen.push(...found);
      address = /rel="next" href="([^"]+)"/.exec(body)?.[1];
    }
    expect(seen).toEqual(words);
    expect(titles((await visitor.get('/?page=999')).body)).toContain('word159');
  });

  it.each([
    ['en', 'Its last try failed.'],
    ['ca', 'L’últim intent ha fallat.'],
    ['es', 'El último intento falló.'],
  ])('says in %s that the best provider failed the last probe', async (language, sentence) => {
    const visitor = await open();
    const missed = ranked('dnsservice', 1, { failures: 1, attempts: 5, recommended: true });
    web.panel.lists.set('dnsservice', [missed, ranked('dnsservice', 2)]);
    for (const url of ['/', '/services/dnsservice']) {
      const page = text((await visitor.get(url, { 'accept-language': language })).body);
      expect(page, url).toContain(url === '/' ? sentence : sentence.slice(3));
    }
    web.panel.lists.set('dnsservice', [{ ...missed, failures: 0 }]);
    expect(text((await visitor.get('/', { 'accept-language': language })).body)).not.toContain(sentence);
  });

  it.each([
    ['stopped', null, true],
    ['running', 'closed', true],
    ['running', 'loopback', true],
    ['running', 'open', false],
    ['running', null, false],
  ] as const)(
    'of an announced service that is %s, its port %s, says after two looks that nobody reaches it: %s',
    async (state, listening, isTold) => {
      let now = NOW;
      web = await startWeb({ web: { now: () => now } });
      const visitor = await new Visitor(web).login();
      web.panel.states.set('owp', localOf({ unit: 'owp.service', state, enabled: true }));
      const { overview } = web.panel;
      web.panel.overview = async () => {
        const { services, sources } = await overview();
        const published = (summary: (typeof services)[number]) => ({
          ...summary,
          local: { ...summary.local, published: true },
        });
        return {
          services: services.map((summary) => (summary.typeId === 'owp' ? published(summary) : summary)),
          sources,
        };
      };
      const view = await web.panel.own.view('owp');
      const port = { port: 3000, transports: [{ transport: 'tcp' as const, listening }] };
      web.panel.own.view = async () => ({ ...view, port: state === 'running' ? port : null });
      const isSaid = async (later: number) => {
        now += later;
        return (await visitor.get('/')).body.includes('neighbours cannot reach it');
      };
      expect([await isSaid(0), await isSaid(29_999), await isSaid(1)]).toEqual([false, false, isTold]);
      // Stopped again after it was fine, it is looked at anew.
      web.panel.own.view = async () => ({ ...view, port: { port: 3000, transports: [OPEN] } });
      web.panel.states.set('owp', localOf({ unit: 'owp.service', state: 'running', enabled: true }));
      expect(await isSaid(0)).toBe(false);
      web.panel.states.set('owp', localOf({ unit: 'owp.service', state: 'stopped', enabled: true }));
      expect([await isSaid(60_000), await isSaid(30_000)]).toEqual([false, true]);
    },
  );

  it('does not link a number that leads to an empty list', async () => {
    const visitor = await open();
    const never = { ...NUMBERLESS, score: null, level: 0 as const, samples: 0, attempts: 0, measuredAt: null };
    web.panel.lists.set('owp', [ranked('owp', 1, never)]);
    web.panel.lists.set('proxy3', [ranked('proxy3', 1, { ...NUMBERLESS, score: 0, level: 0, reason: 'timeout' })]);
    const { body } = await visitor.get('/');
    expect(body).toMatch(/>1 provider<\/a><span>0 measured</);
    expect(body).toMatch(/>1 provider<\/a><span>0 of 1 /);
    expect(body).not.toMatch(/<a [^>]*>0 (measured|of)/);
  });

  it('leads through the first steps, and tells readers who may scan', async () => {
    const never = { ...NUMBERLESS, score: null, level: 0 as const, samples: 0, attempts: 0, measuredAt: null };
    const step = async (visitor: Visitor) =>
      /aria-current="step".*?<span>([^<]+)/s.exec((await visitor.get('/')).body)?.[1];
    const reader = await open();
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, never)]);
    expect(await step(reader)).toBeUndefined();
    expect(text((await reader.get('/')).body)).toMatch(/Nothing has been measured yet.*Only this node’s owner/);
    const owner = await new Visitor(web).login();
    expect(await step(owner)).toBe('Scan everything once');
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1)]);
    expect(await step(owner)).toBe('Scan automatically');
    expect((await owner.post('/background', { turn: 'off', back: '/' })).headers.location).toBe('/');
    expect(await step(owner)).toBeUndefined();
    await web.app.close();
    web = await startWeb({ owner: false });
    expect(await step(new Visitor(web))).toBe('Become the owner');
    await web.app.close();
    web = await startWeb({ web: { authenticate: async () => null } });
    expect(await step(new Visitor(web))).toBeUndefined();
  });

  it('offers to scan all until all is being scanned, and then tells how far that is', async () => {
    const visitor = await (await open()).login();
    const offered = await visitor.get('/');
    expect(offered.body).toContain('id="cs-scan-all"');
    const told = await visitor.post('/scan', {}, { 'hx-request': 'true' });
    expect(told.body).not.toContain('id="cs-scan-all"');
    expect(told.body).toMatch(/<p class="cs-muted">Scanning: \d+ of \d+ tries/);
  });

  it('scans one type or all that it knows, and says what is refused', async () => {
    const visitor = await (await open()).login();
    web.panel.lists.set('pastecat', [ranked('pastecat', 1)]);
    web.panel.lists.set('owp', [ranked('owp', 1)]);
    const { scan } = web.panel;
    const asked: string[] = [];
    web.panel.scan = (type) => {
      asked.push(type);
      if (type === 'owp') throw new PanelError('budget-spent', 'Spent.', 'Wait.');
      return scan(type);
    };
    expect((await visitor.get('/')).body).toMatch(/Scan all.*about/s);
    const answer = await visitor.postJson('/api/v1/scan');
    expect(answer.statusCode).toBe(202);
    expect(answer.json().jobs.map(({ type }: { type: string }) => type)).toEqual(['dnsservice']);
    expect(answer.json().refused).toMatchObject([{ type: 'owp', error: { code: 'budget-spent' } }]);
    expect(asked.toSorted()).toEqual(['dnsservice', 'owp']);
    expect((await visitor.post('/scan', { type: 'dnsservice' })).headers.location).toMatch(/^\/jobs\//);
    const told = await visitor.post('/scan', {}, { 'hx-request': 'true' });
    expect(told.body).toMatch(/cs-alert"><strong>OpenVZ/);
    expect(told.body).toContain('<progress');
    expect(told.body).toMatch(/Scan all.*about/s);
    const refused = await visitor.postJson('/api/v1/scan', { type: 'owp' });
    expect(refused.json()).toMatchObject({ error: { code: 'budget-spent' } });
  });

  it('links each number to exactly the rows that it counts, hidden ones too', async () => {
    const visitor = await open();
    const list = web.panel.lists.get('dnsservice') ?? [];
    web.panel.lists.set(
      'dnsservice',
      list.map((row, at) => ({ ...row, hidden: at < 3 })),
    );
    web.panel.lists.set('Docker', [ranked('Docker', 1, { provider: { node: 'x' } })]);
    for (const person of [visitor, await new Visitor(web).login()]) {
      const { body } = await person.get('/');
      const numbers = [...body.matchAll(/href="(\/services\/[^"]+)">(\d+) (?:providers?|measured|of \d+ works?)</g)];
      expect(numbers.length).toBe(5);
      for (const [, href = '', count] of numbers) {
        const page = await person.get(href.replaceAll('&amp;', '&'));
        expect(page.body.match(/<tr id="p-/g)?.length, href).toBe(Number(count));
      }
    }
  });
});

describe('a page left open', () => {
  const HTMX = { 'hx-request': 'true' };
  const watched = (body: string) => /hx-get="([^"]+since=[^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? '';

  it.each(['/', '/services/dnsservice', '/services/dnsservice?sort=name'])(
    '%s asks now and then, is told nothing new, and notices a scan begun elsewhere',
    async (url) => {
      const visitor = await open();
      const poll = watched((await visitor.get(url)).body);
      expect(poll).toContain(url);
      const quiet = await visitor.get(poll, HTMX);
      expect([quiet.statusCode, quiet.body]).toEqual([204, '']);
      web.panel.scan('dnsservice');
      const { body, statusCode } = await visitor.get(poll, HTMX);
      expect(statusCode).toBe(200);
      expect(body).toMatch(url === '/' ? /Scanning: 0 of 30/ : /<section id="type"[^>]* hx-trigger="every 1s"/);
    },
  );

  it('says when it was made, without scripts', async () => {
    const { body } = await (await open()).get('/services/dnsservice');
    expect(body).toMatch(/<p id="cs-pulse"[^>]*><span[^>]*>Updated Nov 20, 2026/);
  });
});
