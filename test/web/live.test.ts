/** A scan that goes on: whom it tries, how long it may take, what the tab says, where it is cancelled, and how it ended. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Job } from '../../plugin/model/job.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { scanSummary } from '../../plugin/present/list/summary.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { localOf, NOW, NUMBERLESS, ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web?.app.close());

const HTMX = { 'hx-request': 'true' };
const LIST = '/services/dnsservice';

async function scanning() {
  web = await startWeb();
  const visitor = await new Visitor(web).login();
  const { body } = await visitor.post(`${LIST}/scan`, {}, HTMX);
  const poll = /hx-get="([^"]+)"/.exec(body)?.[1] ?? '';
  const [job] = web.panel.jobs.running();
  if (!job) throw new Error('no job');
  return { visitor, job, poll: async () => (await visitor.get(poll, HTMX)).body };
}

describe('a running scan', () => {
  it('marks the row that is being tried, and estimates the rest', async () => {
    const { poll } = await scanning();
    const [first] = web.panel.lists.get('dnsservice') ?? [];
    web.panel.handle?.tell({ trying: [first?.provider.id ?? ''], leftMs: 7_200 });
    const body = await poll();
    expect(body.match(/cs-trying/g)).toHaveLength(1);
    expect(/<tr id="p-(\w+)"(?:(?!<\/tr>).)*cs-trying/s.exec(body)?.[1]).toBe(first?.provider.id);
    expect(body).toMatch(/, about 8.s more/);
    web.panel.handle?.tell({ trying: [], leftMs: 200_000 });
    expect(await poll()).toMatch(/, about 4.min more/);
  });

  it('is in the tab of its own pages and of the first page, and of no other', async () => {
    const { visitor, job } = await scanning();
    web.panel.handle?.progress(12);
    const title = async (path: string) => /<title>([^<]+)</.exec((await visitor.get(path)).body)?.[1];
    expect(await title(LIST)).toBe('12/30 · DNS server · Cloudy services');
    expect(await title(`/jobs/${job.id}`)).toMatch(/^12\/30 · /);
    expect(await title('/')).toMatch(/^12\/30 · /);
    expect(await title('/services/webdav')).not.toMatch(/\d\/\d/);
    const first = await visitor.get('/', HTMX);
    expect(first.body).toMatch(/id="cs-pulse"[^>]* data-busy data-title="12\/30 · /);
    await web.panel.end();
    expect((await visitor.get('/', HTMX)).body).not.toContain('data-busy');
  });

  it('that is cancelled leads back to the page where that was done', async () => {
    const { visitor, job, poll } = await scanning();
    const form = /<form method="post" action="\/jobs[^>]*>.*?<\/form>/s.exec(await poll())?.[0] ?? '';
    expect(form).toContain('hx-swap="none"');
    const back = /name="back" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const { statusCode, headers } = await visitor.post(`/jobs/${job.id}/cancel`, { back });
    expect([statusCode, headers.location]).toEqual([303, `${LIST}?job=${job.id}`]);
    expect((await visitor.get(String(headers.location))).body).toContain('Cancelled');
    const elsewhere = await visitor.post(`/jobs/${job.id}/cancel`, { back: '//evil.example/' });
    expect(elsewhere.headers.location).toBe(`/?job=${job.id}`);
    expect((await visitor.post(`/jobs/${job.id}/cancel`, { back }, HTMX)).statusCode).toBe(204);
  });
});

it('whoever is not logged in any more is told so, and offered to log in where it said log out', async () => {
  const { visitor } = await scanning();
  await visitor.post('/logout');
  const { statusCode, body } = await visitor.post(`${LIST}/scan`, {}, HTMX);
  expect(statusCode).toBe(401);
  expect(body).toMatch(/<div id="cs-session" hx-swap-oob="outerMorph">\s*<a [^>]*href="\/login/);
});

describe('the icon of the tab', () => {
  it.each([
    ['/icon.svg', 'running', 0],
    ['/icon-weak.svg', 'running', 1],
    ['/icon-failed.svg', 'failed', 1],
  ] as const)('is %s where the own service is %s and the best missed %d tries', async (icon, state, failures) => {
    web = await startWeb();
    web.panel.states.set('dnsservice', localOf({ unit: 'unbound.service', state, enabled: true }));
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { recommended: true, failures })]);
    const visitor = new Visitor(web);
    for (const path of ['/', LIST])
      expect((await visitor.get(path)).body).toMatch(new RegExp(`id="cs-icon"[^>]*${icon}`));
  });
});

describe('the end of a scan', () => {
  const words = loadLocales()('en');
  const job: Job = {
    ...{ id: 'j', kind: 'scan', type: 'dnsservice', provider: null, state: 'done', done: 5, total: 5, error: null },
    ...{ startedAt: new Date(NOW - 9_000).toISOString(), finishedAt: new Date(NOW).toISOString() },
    ...{ trying: [], leftMs: null, before: null },
  };
  const at = (index: number, more: Parameters<typeof ranked>[2] = {}) =>
    ranked('dnsservice', index, { measuredAt: NOW - 1_000, ...more });
  const dead = { ...NUMBERLESS, level: 0, score: 0, reason: 'timeout', failures: 1 } as const;
  const list = [at(1, { recommended: true }), at(2), at(3, dead), at(4, dead), ranked('dnsservice', 5)];

  it('says how many work, and whether the best is another one', () => {
    const first = list[0]?.provider.id ?? '';
    expect(scanSummary({ ...job, before: first }, list, words)).toBe('2 of 4 work; node1 stays the best.');
    expect(scanSummary({ ...job, before: 'other' }, list, words)).toBe('2 of 4 work; node1 is now the best.');
    expect(scanSummary(job, list, words)).toBe('2 of 4 work; node1 is the best.');
    expect(scanSummary(job, list.slice(2), words)).toBe('0 of 2 work.');
  });

  it('does not call an open port a service that works', () => {
    const open = at(1, { ...NUMBERLESS, level: 2, score: null, reason: 'not-checked' });
    expect(scanSummary(job, [open], words)).toBe('1 of 1 answers.');
  });

  it('has no word for one provider, nor while it runs, nor where nothing was tried', () => {
    expect(scanSummary({ ...job, provider: 'x' }, list, words)).toBeNull();
    expect(scanSummary({ ...job, state: 'running' }, list, words)).toBeNull();
    expect(scanSummary(job, [ranked('dnsservice', 5)], words)).toBeNull();
  });
});
