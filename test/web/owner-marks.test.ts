/** On a whole panel: what its owner has hidden is handed out to nobody, and stars, failures and addresses are not told to readers. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PanelError } from '../../plugin/model/errors.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import { startWeb, Visitor } from './app.js';
import { ranked } from './fake-panel.js';
import { startWhole, type Whole } from './whole.js';

const TYPES = ['dnsservice', 'proxy3'] as const;

let whole: Whole;
let owner: Visitor;
let reader: Visitor;

beforeAll(async () => {
  whole = await startWhole({ config: { scanConcurrency: 16 } });
  for (const type of TYPES) await whole.panel.jobs.ended(whole.panel.scan(type).id);
  owner = await new Visitor(whole).login();
  reader = new Visitor(whole);
  await reader.get('/');
}, 60_000);
afterAll(() => whole?.close());

interface Listed {
  readonly id: string;
  readonly address: string;
  readonly score: number | null;
  readonly self: boolean;
}

async function worth(type: string, least = 3): Promise<readonly [Listed, Listed, ...Listed[]]> {
  const { providers } = (await owner.get(`/api/v1/services/${type}`)).json() as { providers: Listed[] };
  const found = providers.filter(({ score, self }) => Number(score) > 0 && !self);
  expect(found.length).toBeGreaterThanOrEqual(least);
  return found as [Listed, Listed, ...Listed[]];
}

const opine = (type: string, id: string, opinion: object) =>
  owner.postJson(`/api/v1/services/${type}/providers/${id}/opinion`, opinion);

describe('a provider that the owner has hidden', () => {
  it('is not in the proxy configuration, for any visitor', async () => {
    const [{ id, address }] = await worth('proxy3', 1);
    const pac = async (visitor: Visitor) => (await visitor.get('/services/proxy3/files/proxy.pac')).body;
    for (const visitor of [owner, reader]) expect(await pac(visitor)).toContain(address);
    await opine('proxy3', id, { hidden: true });
    for (const visitor of [owner, reader]) expect(await pac(visitor)).not.toContain(address);
    await opine('proxy3', id, { hidden: false });
  });

  it('is in no other provider’s resolver lines, on page and API, for any visitor', async () => {
    const web = await startWeb();
    try {
      const [shown, best] = [1, 2].map((index) => ranked('dnsservice', index, { score: 80 + index })) as [
        Ranked,
        Ranked,
      ];
      const path = `/services/dnsservice/providers/${shown.provider.id}`;
      const anna = await new Visitor(web).login();
      for (const hidden of [false, true]) {
        web.panel.lists.set('dnsservice', [shown, { ...best, hidden }]);
        for (const visitor of [anna, new Visitor(web)])
          for (const url of [path, `/api/v1${path}`])
            expect((await visitor.get(url)).body.includes(best.provider.address), `${url} ${hidden}`).toBe(!hidden);
      }
    } finally {
      await web.app.close();
    }
  });
});

describe('a provider that the owner keeps in reserve', () => {
  it('loses the recommendation at once, stands last in the files of all, and is as ever for readers', async () => {
    const badges = async (visitor: Visitor) => {
      const { providers } = (await visitor.get('/api/v1/services/dnsservice')).json();
      type Row = Listed & { readonly recommended: boolean; readonly reserve: boolean };
      const rows = providers as Row[];
      return {
        best: rows.find(({ recommended }) => recommended)?.id,
        marked: rows.filter(({ reserve }) => reserve).map(({ id }) => id),
        scores: rows.map(({ id, score }) => [id, score]),
      };
    };
    const servers = async (visitor: Visitor) =>
      ((await visitor.get('/api/v1/services/dnsservice/follow')).json().providers as Listed[]).map(({ id }) => id);
    vi.useFakeTimers({ toFake: ['Date'] });
    whole.now = Date.now();
    try {
      const working = await worth('dnsservice');
      const [before, seen] = [await badges(owner), await badges(reader)];
      const best = before.best as string;
      await opine('dnsservice', best, { reserve: true });
      const after = await badges(owner);
      expect([after.marked, after.scores]).toEqual([[best], before.scores]);
      expect(working.map(({ id }) => id).filter((id) => id !== best)).toContain(after.best);
      for (const visitor of [owner, reader]) expect((await servers(visitor))[0]).toBe(after.best);
      // The recommended one leads whatever its points: a reader sees it move only where another leads by enough.
      expect(await badges(reader)).toMatchObject({ marked: [], scores: seen.scores });
      for (const { id } of working) await opine('dnsservice', id, { reserve: true });
      expect((await badges(owner)).best).toBe(best);
      for (const { id } of working) await opine('dnsservice', id, { reserve: false });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the owner’s stars', () => {
  afterEach(() => void vi.useRealTimers());

  /** All that a reader can see of the type, without what changes by itself. */
  async function everything(type: string, ids: readonly string[]): Promise<string[]> {
    const own = ids.map((id) => `/services/${type}/providers/${id}`);
    const pages = ['/', `/services/${type}`, `/services/${type}?sort=name`, ...own];
    const files = [`/services/${type}/measurements.csv`, `/services/${type}/measurements.json`];
    const urls = [...pages, ...pages.map((page) => `/api/v1${page === '/' ? '/services' : page}`), ...files];
    const bodies = [];
    for (const url of urls) bodies.push((await reader.get(url)).body);
    return bodies.map((body) => body.replaceAll(/name="token" value="[^"]+"|since=[\w-]+|"lastUp":"[^"]+"/g, ''));
  }

  it('change nothing for a reader: not the score, order, badge, reasons or exported figures', async () => {
    // Nothing grows older between two looks.
    vi.useFakeTimers({ toFake: ['Date'] });
    whole.now = Date.now();
    const rows = await worth('dnsservice');
    const [first, second] = rows;
    const last = rows.at(-1) as Listed;
    const ids = [first.id, second.id, last.id];
    const before = await everything('dnsservice', ids);
    const readScore = async (id: string) =>
      ((await owner.get('/api/v1/services/dnsservice')).json().providers as Listed[]).find(
        (provider) => provider.id === id,
      )?.score;
    const measured = await readScore(first.id);
    await opine('dnsservice', first.id, { stars: 1 });
    await opine('dnsservice', last.id, { stars: 5 });
    expect(await readScore(first.id)).toBeLessThan(Number(measured));
    const after = await everything('dnsservice', ids);
    for (const [at, body] of after.entries()) expect(body).toBe(before[at]);
    await opine('dnsservice', first.id, { stars: null });
    await opine('dnsservice', last.id, { stars: null });
  });

  it('are not in the public history', async () => {
    const ids = whole.panel.discovery.providers('syncthing').map(({ id }) => id);
    for (const id of ids) await opine('syncthing', id, { stars: 1 });
    await whole.panel.jobs.ended(whole.panel.scan('syncthing').id);
    const [{ id }] = await worth('syncthing', 1);
    const { score, rating } = (await owner.get(`/api/v1/services/syncthing/providers/${id}`)).json();
    expect(rating.points).toBeLessThan(-5);
    const newest = whole.panel.store.history.days('syncthing', id, 0).at(-1);
    expect(newest?.score).toBeCloseTo(score - rating.points, 0);
  });
});

describe('a job of the owner’s that has failed', () => {
  const DETAIL = '/home/anna/secret.conf of named.service at 10.139.40.22';
  const failed = async () => {
    const { id } = whole.panel.jobs.start({ kind: 'start', type: 'dnsservice', provider: null, total: 1 }, async () => {
      throw new PanelError('unit-failed', `It says: ${DETAIL}`, `Look at ${DETAIL}`);
    });
    await whole.panel.jobs.ended(id);
    return id;
  };
  const addresses = (job: string) => [`/jobs/${job}`, `/api/v1/jobs/${job}`, `/services/dnsservice?job=${job}`];

  it('tells readers the kind of failure, and the owner everything', async () => {
    const job = await failed();
    for (const url of addresses(job)) {
      for (const headers of [{}, { 'hx-request': 'true' }]) {
        const { statusCode, body } = await reader.get(url, headers);
        expect(statusCode).toBe(200);
        expect(body, url).not.toContain('secret.conf');
        expect((await owner.get(url, headers)).body, url).toContain('secret.conf');
      }
    }
    expect((await reader.get(`/api/v1/jobs/${job}`)).json().error).toEqual({
      code: 'unit-failed',
      message: expect.stringMatching(/\w/),
      hint: expect.stringMatching(/\w/),
    });
  });
});
