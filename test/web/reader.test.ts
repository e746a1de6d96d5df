/** A reader sees what the community announces and what was measured, and nothing that is the owner's own. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { community, localOf } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

/** The owner's own words, wherever they are kept. */
const SECRETS = {
  ...{
    note: 'note-of-the-owner',
    runBy: 'runby-of-the-owner',
    language: 'language-of-the-owner',
    help: 'help-of-the-owner',
  },
  ...{
    log: 'line-of-the-log',
    own: 'own-configuration',
    serfAuthKey: 'key-of-the-agent',
    metricsToken: 'token-of-metrics',
  },
  ...{ notifyUrl: 'http://127.0.0.1:1/secret-topic', dataDir: '/folder/of/the/data', form: 'form-of-the-owner' },
  ...{ event: 'cloudy-user-of-the-owner' },
} as const;

interface Filled {
  readonly id: string;
  readonly job: string;
}

/** A panel whose every room holds something of the owner's. */
async function filled(publicRead = true): Promise<Filled> {
  const { serfAuthKey, metricsToken, notifyUrl, dataDir, note, runBy, language, help } = SECRETS;
  web = await startWeb({ config: { serfAuthKey, metricsToken, notifyUrl, dataDir, publicRead } });
  const { panel } = web;
  const id = panel.lists.get('dnsservice')?.[0]?.provider.id as string;
  const of = panel.services.of.bind(panel.services);
  const introduce = async () => new Map([['path', SECRETS.own]]);
  const use: ServiceType['use'] = (_, _best, own) => [
    { kind: 'copy', label: { ca: '', es: '', en: '', de: '' }, text: own?.get('path') ?? 'as anybody' },
  ];
  Object.assign(panel.services, { of: (word: string) => ({ ...of(word), introduce, use }) });
  panel.states.set('dnsservice', localOf({ unit: 'named.service', state: 'running', enabled: true }));
  Object.assign(panel.own, {
    log: async (_: string, unit = 'named.service') => ({ unit, lines: [SECRETS.log] }),
    preview: async () => ({
      form: { description: SECRETS.form, port: '53', attributes: '', community: '' },
      entry: { s: 'dnsservice', d: SECRETS.form, m: '', i: '', p: '53', e: '', t: '' },
      ...{ others: 0, bytes: 10, limit: 512, fits: true },
    }),
  });
  panel.store.opinions.put('dnsservice', id, { note, runBy, language, help });
  panel.store.events.add({
    ...{
      by: 'cloudy',
      name: SECRETS.event,
      what: 'opinion',
      type: 'dnsservice',
      provider: id,
      result: 'done',
      job: null,
    },
  });
  return { id, job: panel.scan('dnsservice').id };
}

/** Every address that can be read, filled with what exists, as a page, as a part of one and with every query. */
function addresses({ id, job }: Filled): [url: string, headers: Record<string, string>][] {
  const urls = ROUTES.filter(({ method }) => method === 'GET').map(({ path }) =>
    path.replace('/jobs/:id', `/jobs/${job}`).replace(':type', 'dnsservice').replace(':id', id).replace(':name', 'x'),
  );
  const queries = [
    '',
    '?saved=yes',
    `?job=${job}`,
    '?node=node1&type=dnsservice',
    '?description=x&port=5353&hidden=yes',
  ];
  const asked = urls.flatMap((url) => queries.map((query) => url + query));
  return asked.flatMap((url) => [
    [url, {}],
    [url, { 'hx-request': 'true' }],
  ]);
}

async function seen(visitor: Visitor, of: Filled): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const [url, headers] of addresses(of)) {
    const { body, headers: sent } = await visitor.get(url, headers);
    for (const secret of Object.values(SECRETS))
      if (body.includes(secret) || JSON.stringify(sent).includes(secret))
        found.set(secret, [...(found.get(secret) ?? []), url]);
  }
  return found;
}

describe('what the owner has pinned, hidden and kept in reserve', () => {
  it('is marked only for the owner, and cannot be found by others', async () => {
    const { id } = await filled();
    const list = web.panel.lists.get('dnsservice') ?? [];
    const marked = list.map((row, at) => ({ ...row, pinned: at === 0, hidden: at === 1, reserve: at === 2 }));
    web.panel.lists.set('dnsservice', marked);
    const look = async (visitor: Visitor) => {
      const all = (await visitor.get('/api/v1/services/dnsservice')).json().providers as Record<string, unknown>[];
      const one = (await visitor.get(`/api/v1/services/dnsservice/providers/${id}`)).json();
      const pinned = (await visitor.get('/api/v1/services/dnsservice?pinned=yes')).json().found.total;
      return [all.filter((row) => row.pinned || row.hidden || row.reserve).length, one.pinned, pinned];
    };
    expect(await look(new Visitor(web))).toEqual([0, false, 0]);
    expect(await look(await new Visitor(web).login())).toEqual([3, true, 1]);
  });

  it('changes neither order nor badge on the pages of others', async () => {
    web = await startWeb();
    const [best, second, third, ...rest] = community('dnsservice').slice(0, 12) as [
      Ranked,
      Ranked,
      Ranked,
      ...Ranked[],
    ];
    const hidden = [second, { ...third, recommended: true }, ...rest, { ...best, recommended: false, hidden: true }];
    const plain = [
      { ...best, pinned: true },
      second,
      third,
      ...rest.with(-1, { ...(rest.at(-1) as Ranked), hidden: true }),
    ];
    const pages = ['/', '/services/dnsservice', '/api/v1/services', '/api/v1/services/dnsservice'];
    const seenWith = async (rows: Ranked[]) => {
      web.panel.lists.set('dnsservice', rows);
      const bodies = pages.map(async (path) => (await new Visitor(web).get(path)).body);
      return (await Promise.all(bodies)).map((body) => body.replaceAll(/name="token" value="[^"]+"|since=[\w-]+/g, ''));
    };
    const reserved = [{ ...best, recommended: false, reserve: true }, second, { ...third, recommended: true }, ...rest];
    const seen = await seenWith(plain);
    expect(await seenWith(hidden)).toEqual(seen);
    expect(await seenWith(reserved)).toEqual(seen);
  });
});

describe('the owner’s own data', () => {
  it('is on no address for a reader', async () => {
    const of = await filled();
    expect(await seen(new Visitor(web), of)).toEqual(new Map());
  });

  it('is on no address for a stranger where reading needs a login', async () => {
    const of = await filled(false);
    const stranger = new Visitor(web);
    expect(await seen(stranger, of)).toEqual(new Map());
    const open = ROUTES.filter(({ method, need }) => method === 'GET' && need === 'anyone').map(({ path }) => path);
    for (const [url] of addresses(of)) {
      const { statusCode } = await stranger.get(url);
      if (!open.includes(url.split('?')[0] as string)) expect([303, 401], url).toContain(statusCode);
    }
  });

  it('is shown to the owner, without the configuration’s secrets', async () => {
    const of = await filled();
    const { serfAuthKey, metricsToken, notifyUrl, dataDir, ...own } = SECRETS;
    const found = await seen(await new Visitor(web).login(), of);
    expect([...found.keys()].toSorted()).toEqual(Object.values(own).toSorted());
  });
});
