/** A page that is left open asks whether anything is new: it is told that nothing is, until something is. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JobHandle } from '../../plugin/jobs/index.js';
import { MINUTE_MS } from '../../plugin/lib/time.js';
import { toStamp } from '../../plugin/web/request/stamp.js';
import type { Visit } from '../../plugin/web/visit.js';
import { sharedTexts, Visitor } from './app.js';
import { startWhole, UNIT, type Whole } from './whole.js';

const HTMX = { 'hx-request': 'true' };
const rendered = vi.fn();

let whole: Whole;
let owner: Visitor;
let reader: Visitor;
let pages: string[];
beforeAll(async () => {
  const texts = sharedTexts();
  const render = (name: string, data: object) => {
    rendered(name);
    return texts.views.render(name, data);
  };
  whole = await startWhole({ web: { texts: { ...texts, views: { render } } } });
  await whole.panel.jobs.ended(whole.panel.scan('dnsservice').id);
  whole.now = Date.now();
  owner = await new Visitor(whole).login();
  reader = new Visitor(whole);
  pages = ['/', '/services/dnsservice', `/services/dnsservice/providers/${whole.provider}`, '/services/proxy3'];
});
afterAll(() => whole.close());

/** The address that the open page asks at. */
const watched = (body: string) =>
  /hx-get="([^"]+)" hx-trigger="every 2s/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? '';

async function open(visitor: Visitor, page: string): Promise<string> {
  const { body } = await visitor.get(page);
  expect(watched(body), page).toMatch(/[?&]since=[\w-]+$/);
  return watched(body);
}

const ask = async (visitor: Visitor, address: string) => (await visitor.get(address, HTMX)).statusCode;

describe('for ten minutes after a scan', () => {
  it.each(['owner', 'reader'])('nothing is new for the %s, and nothing is drawn to find that out', async (who) => {
    const visitor = who === 'owner' ? owner : reader;
    for (const page of [...pages.slice(0, 2), '/services/dnsservice?sort=name&page=1']) {
      const address = await open(visitor, page);
      rendered.mockClear();
      const started = whole.now;
      for (let minute = 0; minute <= 10; minute++, whole.now = started + minute * MINUTE_MS)
        expect([page, minute, await ask(visitor, address)]).toEqual([page, minute, 204]);
      expect(rendered).not.toHaveBeenCalled();
    }
  });
});

it('after a quarter of an hour the page is made anew: scores fade, days end', async () => {
  const address = await open(reader, '/services/dnsservice');
  whole.now += 15 * MINUTE_MS;
  expect(await ask(reader, address)).toBe(200);
});

it('a clock set back does not keep a page as it is', async () => {
  const address = await open(reader, '/services/dnsservice');
  whole.now -= MINUTE_MS;
  expect(await ask(reader, address)).toBe(200);
});

let job: JobHandle | null = null;
let end = async () => {};

/** A scan that measures nothing, and ends when it is told to. */
function begin(): void {
  const { id } = whole.panel.jobs.start({ kind: 'scan', type: 'dnsservice', provider: null, total: 3 }, (handle) => {
    job = handle;
    return new Promise<void>((resolve) => {
      end = async () => {
        resolve();
        await whole.panel.jobs.ended(id);
      };
    });
  });
}

async function scan(at: number): Promise<void> {
  const { id } = whole.panel.discovery.providers('proxy3')[at] ?? { id: '' };
  await whole.panel.jobs.ended(whole.panel.scan('proxy3', id).id);
}

/** Something happens, and the pages that must tell of it (indexes of `pages`). */
const news: readonly [what: string, pages: readonly number[], happen: () => unknown][] = [
  [
    'an attempt is stored',
    [0, 1, 2],
    () => {
      const attempt = { type: 'dnsservice', provider: whole.provider, at: Date.now(), bytes: 1, level: 0 } as const;
      whole.panel.store.attempts.add({ ...attempt, reason: 'timeout', detail: null });
    },
  ],
  ['a job begins', [0, 1, 2], () => begin()],
  ['it moves on', [0], () => job?.progress(1)],
  ['it ends', [0], () => end()],
  ['a provider of another type is measured', [0], () => scan(1)],
  [
    'the owner pins a provider',
    [0, 1, 2],
    () => whole.panel.store.opinions.put('dnsservice', whole.provider, { pinned: true }),
  ],
  ['the owner gives stars', [0, 1, 2], () => whole.panel.store.opinions.rate('dnsservice', whole.provider, 2)],
  ['the owner takes the stars back', [0, 1, 2], () => whole.panel.store.opinions.unrate('dnsservice', whole.provider)],
  [
    'measuring in the background is turned on or off',
    [0],
    () => (whole.panel.background.status().on ? whole.panel.background.off() : whole.panel.background.on()),
  ],
  [
    'a unit fails',
    [0, 1, 2],
    async () => {
      whole.systemctl.unit(UNIT, 'failed');
      // A reading serves everyone for two seconds.
      await new Promise((resolve) => setTimeout(resolve, 2_100));
    },
  ],
];

it.each(news)('tells the owner at once that %s', async (_, concerned, happen) => {
  const addresses = await Promise.all(concerned.map((at) => open(owner, pages[at] ?? '')));
  expect(await Promise.all(addresses.map((address) => ask(owner, address)))).toEqual(concerned.map(() => 204));
  await happen();
  expect(await Promise.all(addresses.map((address) => ask(owner, address)))).toEqual(concerned.map(() => 200));
});

it('leaves the page of another type as it is', async () => {
  const other = await open(reader, '/services/proxy3');
  const attempt = { type: 'dnsservice', provider: whole.provider, at: Date.now(), bytes: 1, level: 0 } as const;
  whole.panel.store.attempts.add({ ...attempt, reason: 'timeout', detail: null });
  expect(await ask(reader, other)).toBe(204);
});

it('a stamp is good neither in another language, nor after the session has ended, nor in another run', async () => {
  const visitor = await new Visitor(whole).login();
  const address = await open(visitor, '/services/dnsservice');
  expect((await visitor.get(address, { ...HTMX, 'accept-language': 'ca' })).statusCode).toBe(200);
  await visitor.post('/logout');
  expect(await ask(visitor, address)).toBe(200);
  const visit = { role: 'reader', words: { language: 'en' } } as unknown as Visit;
  const stamp = toStamp(visit, 'version', 1);
  vi.resetModules();
  const later = await import('../../plugin/web/request/stamp.js');
  expect(later.toStamp(visit, 'version', 1)).not.toBe(stamp);
});

it('a whole page is answered, whatever stamp it asks with', async () => {
  const address = await open(reader, '/services/dnsservice');
  expect((await reader.get(address)).statusCode).toBe(200);
});
