/** How the network sees the way to a provider: on its page, in the API, in the settings and in `doctor`. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { LANGUAGES } from '../../plugin/model/language.js';
import type { Score } from '../../plugin/model/score.js';
import type { RoutingStatus, Way } from '../../plugin/routing/index.js';
import { routeTo } from '../routing/made.js';
import { startWeb, Visitor } from './app.js';
import { problemOf } from './described.js';
import { NOW, ranked } from './fake-panel.js';

const TYPE = 'dnsservice';
const way = (route: Partial<Way['route']> = {}, more: Partial<Way> = {}): Way => ({
  ...{ daemon: 'babeld', router: null, first: null, route: routeTo('10.139.40.1/32', { metric: 512, ...route }) },
  ...more,
});

async function start(known: Way | null, score: Partial<Score> & { self?: boolean } = {}) {
  const web = await startWeb();
  onTestFinished(() => web.app.close());
  const { self = false, ...rest } = score;
  const row = ranked(TYPE, 1, { ...rest, provider: { self } });
  const torre = ranked(TYPE, 2, { provider: { node: 'la-torre' } });
  web.panel.lists.set(TYPE, [row, torre]);
  web.panel.routing.way = (address) => (address === row.provider.address ? known : null);
  const path = `/services/${TYPE}/providers/${row.provider.id}`;
  const said = async (language = 'en') => {
    const { body } = await new Visitor(web, { 'accept-language': language }).get(path);
    const card = /id="way">(.*?)<\/div>/s.exec(body)?.[1];
    const paragraphs = card === undefined ? null : [...card.matchAll(/<p>(.*?)<\/p>/gs)];
    return paragraphs?.map(([, html = '']) => html.replaceAll(/<[^>]*>/g, '').trim()) ?? null;
  };
  const answer = () => new Visitor(web).get(`/api/v1${path}`);
  const json = async () => (await answer()).json();
  return { web, said, json, answer };
}

const quick = { path: { rtt: 12, jitter: 1, loss: 0 }, parts: [] };

describe('the page of a provider', () => {
  it('says hops, cost and the first node by name, beside what was measured', async () => {
    const { said } = await start(way({ hops: 3 }, { first: '10.139.40.2' }), quick);
    expect(await said()).toEqual([
      'Your network sees it 3 hops away, at a cost of 512, through la-torre (babeld). By that the way is good.',
      'Measured from here: 12\u00a0ms round trip, 0% of packets lost.',
    ]);
  });

  it.each([
    [way({ scale: 'etx', metric: 2.174, hops: 1 }), '1 hop away, at a cost of 2.17 (ETX), over e0 (babeld). By that'],
    [way({ scale: 'tq', metric: 51, device: null }), 'with 20% of what is sent arriving (babeld).'],
    [way({ scale: 'rate', metric: 576e6 }), 'with 576\u00a0Mbit/s on the way, over e0 (babeld).'],
    [way({ scale: 'ospf', metric: 30 }, { first: '10.9.9.9' }), 'at a cost of 30, through 10.9.9.9 (babeld).'],
    [way({ scale: 'other', metric: null }, { first: '10.139.40.2' }), 'through la-torre (babeld).'],
    [way({ isNext: true }), 'at a cost of 512, as a direct neighbour (babeld).'],
  ])('says only what the daemon counts: %o', async (known, text) => {
    const [first] = (await (await start(known)).said()) ?? [];
    expect(first).toContain(`Your network sees it ${text}`);
  });

  it('says whose view it is where a router was asked', async () => {
    const { said } = await start(way({}, { router: '10.31.1.1', daemon: 'olsrd' }));
    expect((await said())?.[0]).toContain('The router 10.31.1.1 sees it at a cost of 512, over e0 (olsrd).');
  });

  it('marks where metric and measured time are two grades apart, and not where they are one', async () => {
    const slow = { ...quick, path: { rtt: 900, jitter: 1, loss: 0 } };
    const { said, json } = await start(way(), slow);
    expect((await said())?.[2]).toBe(
      'The two disagree: by its metric the way is good, by the time measured very poor.',
    );
    expect((await json()).route).toMatchObject({ grade: 'good', measured: 'improbable', differs: true });
    const fair = { ...quick, path: { rtt: 30, jitter: 1, loss: 0 } };
    expect(await (await start(way(), fair)).said()).toHaveLength(2);
  });

  it('claims no measured time of one that does not answer now', async () => {
    const { json } = await start(way(), { ...quick, failures: 2 });
    expect((await json()).route).toMatchObject({ grade: 'good', measured: null, measuredText: null, differs: false });
  });

  it('says nothing where the network knows no way, or of one’s own', async () => {
    expect(await (await start(null)).said()).toBeNull();
    expect(await (await start(way(), { self: true })).said()).toBeNull();
    expect((await (await start(null)).json()).route).toBeNull();
  });

  it('says it in each language', async () => {
    const { said } = await start(way({ hops: 3 }, { first: '10.139.40.2' }));
    const texts = await Promise.all(LANGUAGES.map(said));
    const firsts = texts.map((lines) => lines?.[0]);
    expect(new Set(firsts).size).toBe(LANGUAGES.length);
    for (const text of firsts) expect(text).toMatch(/3.*512.*la-torre \(babeld\)\./);
  });
});

it('the API describes what it says', async () => {
  const { answer } = await start(way({ hops: 3 }, { first: '10.139.40.2' }), quick);
  const sent = await answer();
  const body = sent.json();
  expect(body.route).toMatchObject({
    daemon: 'babeld',
    prefix: '10.139.40.1/32',
    metric: 512,
    hops: 3,
    node: 'la-torre',
  });
  expect(problemOf('GET', '/api/v1/services/:type/providers/:id', sent)).toBeNull();
});

describe('the daemon', () => {
  const status = (more: Partial<RoutingStatus>): RoutingStatus => ({
    ...{ state: 'up', daemon: 'babeld', place: 'babeld://[::1]:33123', routes: 1_234, lastUp: NOW, ...more },
  });
  const error = { code: 'routing-away', message: 'It cannot be read: EACCES.', hint: 'Join its group.' } as const;

  it('is told in the settings, to the owner, with what to do', async () => {
    const { web } = await start(null);
    const owner = await new Visitor(web).login();
    const card = async (visitor = owner) => {
      const { body } = await visitor.get('/settings');
      return (
        /id="routing">(.*?)<\/section>/s
          .exec(body)?.[1]
          ?.replaceAll(/<[^>]*>|\s+/g, ' ')
          .replaceAll(/ +/g, ' ') ?? null
      );
    };
    expect(await card()).toContain('No routing daemon is read.');
    web.panel.routing.status = () => status({});
    expect(await card()).toContain('babeld://[::1]:33123 : in use · 1,234 routes');
    web.panel.routing.status = () => status({ state: 'away', error });
    expect(await card()).toContain('does not answer It cannot be read: EACCES. Join its group.');
    expect(await card(new Visitor(web))).toBeNull();
  });

  it('is told to programs', async () => {
    const { web } = await start(null);
    for (const known of [status({}), status({ state: 'away', error }), { ...status({}), state: 'off' as const }]) {
      web.panel.routing.status = () => known;
      const answer = await new Visitor(web).get('/api/v1/status');
      expect(answer.json().routing).toMatchObject({ state: known.state, place: 'babeld://[::1]:33123' });
      expect(problemOf('GET', '/api/v1/status', answer)).toBeNull();
    }
  });
});
