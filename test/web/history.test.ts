/** The history of a provider: on its page, and all its measurements as files. */
import { afterEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

const MINUTE = 60_000;
const DAY = 86_400_000;

async function open(days: 1 | 2 = 1) {
  let now = NOW;
  web = await startWeb({ now: () => now });
  const { attempts, history } = web.panel.store;
  const provider = web.panel.lists.get('dnsservice')?.[0]?.provider.id ?? '';
  const tried = { provider, type: 'dnsservice', bytes: 400 };
  for (now = NOW - DAY; days > 1 && now < NOW; now += DAY) {
    attempts.add({ ...tried, at: now, level: 4, reason: null, samples: [], facts: {} });
    history.note('dnsservice', provider, 60);
  }
  now = NOW;
  attempts.add({ ...tried, at: NOW - 2 * MINUTE, level: 0, reason: 'timeout', detail: 'x' });
  const samples = [
    { metric: 'answer', value: 12.5, method: 'udp' },
    { metric: 'rtt', value: 7.25, method: 'serf-ping' },
  ];
  attempts.add({ ...tried, at: NOW - MINUTE, level: 4, reason: null, samples, facts: { software: '=1+1' } });
  history.note('dnsservice', provider, 71.5);
  return { page: `/services/dnsservice/providers/${provider}`, provider, visitor: new Visitor(web) };
}

describe('the history', () => {
  it('is drawn on the page, and told in words and as a table', async () => {
    const { page, visitor } = await open(2);
    const { body } = await visitor.get(`${page}?span=90d`);
    expect(body).toMatch(/<svg[^>]*role="img" aria-label="Score: last 72; 60 to 72"/);
    expect(body).toMatch(
      /<time datetime="2026-11-20T[^"]*">Nov 20<\/time><\/th><td>72<\/td><td>1 of 2 answered<\/td><td>7.3\u00a0ms/,
    );
  });

  it('of the first day is drawn too: each try as a point with its time and value', async () => {
    const { page, visitor } = await open();
    const { body } = await visitor.get(page);
    expect(body).toMatch(/span=24h#history" aria-current="true"/);
    expect(body).toMatch(/<circle class="cs-point cs-dot"[^>]*><title>Nov 20, \d\d:59: 12.5\u00a0ms<\/title>/);
  });

  it('goes back as far as there is something, or as far as was asked', async () => {
    const { page, visitor } = await open(2);
    const shown = async (address: string) =>
      /span=(\w+)#history" aria-current/.exec((await visitor.get(address)).body)?.[1];
    expect(await shown(page)).toBe('7d');
    expect(await shown(`${page}?span=90d`)).toBe('90d');
    expect((await visitor.get(`${page}?span=1y`)).statusCode).toBe(400);
    // What a page asks again for, and what its forms answer with.
    const { body } = await visitor.get(`${page}?span=90d`);
    expect(body).toMatch(/hx-get="[^"]*span=90d[^"]*"/);
  });

  it('marks since when the provider is recommended, and when this node was away', async () => {
    const { page, provider, visitor } = await open();
    web.panel.store.recommendations.put('dnsservice', { provider, challenger: null });
    const { own } = web.panel.store;
    for (const minute of [9, 8, 7]) own.beat(NOW - minute * MINUTE, minute === 8 ? 'cut' : 'up');
    const { body } = await visitor.get(page);
    expect(body).toContain('recommended since Nov 20');
    expect(body).toContain('class="cs-out"');
  });

  it('says that there is none', async () => {
    web = await startWeb();
    const { id } = web.panel.lists.get('dnsservice')?.[1]?.provider ?? { id: '' };
    expect((await new Visitor(web).get(`/services/dnsservice/providers/${id}`)).body).toContain(
      'Not measured on any day',
    );
  });

  it('reports this node’s own absences separately', async () => {
    const { page, visitor } = await open(2);
    for (const minute of [5, 4, 3, 2]) web.panel.store.own.beat(NOW - minute * MINUTE, minute > 4 ? 'cut' : 'up');
    expect((await visitor.get(page)).body).toMatch(/0\.1\u00a0h/);
  });

  it('is exported whole as CSV: a line for each value, and for a failure a line without one', async () => {
    const { page, provider, visitor } = await open();
    const { body, headers } = await visitor.get(`${page}/measurements.csv`);
    expect(headers['content-type']).toMatch(/^text\/csv/);
    expect(headers['content-disposition']).toBe(`attachment; filename="cloudy-services-${provider}.csv"`);
    expect(body.split('\r\n')).toEqual([
      'time,type,provider,level,reason,metric,value,method',
      `2026-11-20T09:58:00.000Z,dnsservice,${provider},0,timeout,,,`,
      `2026-11-20T09:59:00.000Z,dnsservice,${provider},4,,answer,12.5,udp`,
      `2026-11-20T09:59:00.000Z,dnsservice,${provider},4,,rtt,7.25,serf-ping`,
      '',
    ]);
  });

  it('is exported whole as JSON, also when it is empty', async () => {
    const { page, visitor } = await open();
    const { json } = await visitor.get(`${page}/measurements.json`);
    expect(json()).toMatchObject([{ reason: 'timeout' }, { level: 4, samples: [{ value: 12.5 }, { value: 7.25 }] }]);
    const other = web.panel.lists.get('dnsservice')?.[1]?.provider.id;
    expect((await visitor.get(`/services/dnsservice/providers/${other}/measurements.json`)).json()).toEqual([]);
  });

  it('is exported whole for all providers of a type', async () => {
    const { visitor } = await open();
    const { attempts } = web.panel.store;
    const other = web.panel.lists.get('dnsservice')?.[1]?.provider.id ?? '';
    const tried = { provider: other, type: 'dnsservice', bytes: 1, at: NOW } as const;
    attempts.add({ ...tried, level: 0, reason: 'refused', detail: null });
    const { body, headers } = await visitor.get('/services/dnsservice/measurements.csv');
    expect(headers['content-disposition']).toBe('attachment; filename="cloudy-services-dnsservice.csv"');
    expect(body.trim().split('\r\n')).toHaveLength(5);
    expect((await visitor.get('/services/dnsservice/measurements.json')).json()).toHaveLength(3);
    expect((await visitor.get('/services/nothing/measurements.csv')).statusCode).toBe(404);
  });

  it('cannot smuggle a formula into a spreadsheet, and is not found for an unknown provider', async () => {
    const { visitor } = await open();
    const [first] = web.panel.lists.get('dnsservice') ?? [];
    if (!first) throw new Error('no provider');
    const type = '=1+1,"x';
    web.panel.lists.set(type, [{ ...first, provider: { ...first.provider, type } }]);
    const { id } = first.provider;
    const tried = { provider: id, type, bytes: 1, at: NOW, level: 0, reason: 'timeout', detail: null } as const;
    web.panel.store.attempts.add(tried);
    const { body } = await visitor.get(`/services/${encodeURIComponent(type)}/providers/${id}/measurements.csv`);
    expect(body.split('\r\n')[1]).toContain(',"\'=1+1,""x",');
    expect((await visitor.get('/services/dnsservice/providers/nobody/measurements.csv')).statusCode).toBe(404);
  });
});

describe('the background measurements', () => {
  it('are turned on and off by the owner, and say what they have spent', async () => {
    web = await startWeb();
    const visitor = await new Visitor(web).login();
    expect((await visitor.get('/settings')).body).toContain('12\u00a0kB of 5.4\u00a0MB used in 24 hours');
    expect((await visitor.post('/background', { turn: 'on' })).headers.location).toBe('/settings#background');
    expect(web.panel.background.status().on).toBe(true);
    expect((await visitor.get('/settings')).body).toMatch(/next <time[^>]*>in 10 minutes</);
    expect((await visitor.postJson('/api/v1/background', { turn: 'off' })).json()).toMatchObject({
      background: { on: false },
    });
    expect((await visitor.post('/background', { turn: 'maybe' })).statusCode).toBe(400);
    const reader = new Visitor(web);
    await reader.get('/');
    expect((await reader.post('/background', { turn: 'on' })).statusCode).toBe(401);
    expect(web.panel.background.status().on).toBe(false);
  });
});
