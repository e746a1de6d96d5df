/** An account offered for one scan: its form, the way to the provider, and that it is left nowhere on the way. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import type { Account } from '../../plugin/probe/index.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { registerWeb } from '../../plugin/web/index.js';
import { webServer } from '../probe/servers.js';
import { PASSWORD, startWeb, type TestWeb, Visitor } from './app.js';
import { ranked } from './fake-panel.js';

const ACCOUNT = { user: 'anna', password: 'cor rect-horse' };
const BASIC = `Basic ${Buffer.from('anna:cor rect-horse').toString('base64')}`;

let web: TestWeb | null = null;
afterEach(() => web?.app.close());

/** A visitor of a proxy's page, and what the panel was told to scan with. */
async function open() {
  web = await startWeb();
  web.panel.lists.set('proxy3', [ranked('proxy3', 1, { provider: { port: 3128 } })]);
  const offers: (Account | undefined)[] = [];
  const { scan } = web.panel;
  web.panel.scan = (word, id, options) => {
    offers.push(options?.account);
    return scan(word, id);
  };
  const page = `/services/proxy3/providers/${web.panel.lists.get('proxy3')?.[0]?.provider.id}`;
  return { visitor: new Visitor(web), page, offers, panel: web.panel };
}

describe('the form for an account', () => {
  it('is shown to the owner where the service takes accounts, and works without scripts', async () => {
    const { visitor, page } = await open();
    expect((await visitor.get(page)).body).not.toContain('type="password"');
    await visitor.login();
    const { body } = await visitor.get(page);
    expect(body).toContain(`<form class="cs-form" method="post" action="${page}/scan" hx-post="${page}/scan"`);
    for (const field of ['user', 'password']) {
      expect(body).toContain(`<label for="cs-account-${field}">`);
      expect(body).toMatch(new RegExp(`<input id="cs-account-${field}" name="${field}"[^>]* autocomplete="off"`));
    }
    expect(body).toContain('unencrypted');
    const { json } = await visitor.get(`/api/v1${page}`);
    expect(json().account).toMatchObject({ label: 'Check it with your account', bytes: expect.any(Number) });
    const dns = `/services/dnsservice/providers/${(await visitor.get('/api/v1/services/dnsservice')).json().providers[0].id}`;
    expect((await visitor.get(dns)).body).not.toContain('type="password"');
  });

  it('passes the account to that one scan, by page and by API, and shows it nowhere', async () => {
    const { visitor, page, offers, panel } = await open();
    await visitor.login();
    const byPage = await visitor.post(`${page}/scan`, ACCOUNT);
    expect(byPage.statusCode).toBe(303);
    const inPlace = await visitor.post(`${page}/scan`, ACCOUNT, { 'hx-request': 'true' });
    const byApi = await visitor.postJson(`/api/v1${page}/scan`, { account: ACCOUNT });
    expect(byApi.statusCode).toBe(202);
    expect(offers).toEqual([ACCOUNT, ACCOUNT, ACCOUNT]);
    for (const { body, headers } of [byPage, inPlace, byApi])
      expect(body + JSON.stringify(headers)).not.toMatch(/anna|horse/);
    expect(JSON.stringify(panel.jobs.running())).not.toMatch(/anna|horse/);
    await panel.end();
    await visitor.post(`${page}/scan`);
    await visitor.postJson(`/api/v1${page}/scan`);
    expect(offers.slice(3)).toEqual([undefined, undefined]);
  });

  it.each([
    ['half of it', { user: 'anna', password: '' }],
    ['the other half', { user: '', password: 'cor rect-horse' }],
    ['a colon in the name', { user: 'anna:x', password: 'cor rect-horse' }],
    ['a line break', { user: 'anna\r\nX: y', password: 'cor rect-horse' }],
    ['a name without end', { user: 'anna'.repeat(50), password: 'cor rect-horse' }],
    ['a password without end', { user: 'anna', password: 'horse'.repeat(50) }],
  ])('refuses %s without repeating it', async (_, account) => {
    const { visitor, page, offers } = await open();
    await visitor.login();
    const answers = [
      await visitor.post(`${page}/scan`, account),
      await visitor.postJson(`/api/v1${page}/scan`, { account }),
    ];
    for (const { statusCode, body } of answers) {
      expect(statusCode).toBe(400);
      expect(body).not.toMatch(/anna|horse/);
    }
    expect(offers).toEqual([]);
  });

  it('refuses an account for a service that takes none, from strangers and from other sites', async () => {
    const { visitor, page, offers } = await open();
    expect((await visitor.post(`${page}/scan`, ACCOUNT)).statusCode).toBe(401);
    await visitor.login();
    expect((await visitor.post(`${page}/scan`, ACCOUNT, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    const { providers } = (await visitor.get('/api/v1/services/dnsservice')).json();
    const dns = `/api/v1/services/dnsservice/providers/${providers[0].id}/scan`;
    expect((await visitor.postJson(dns, { account: ACCOUNT })).statusCode).toBe(400);
    expect(offers).toEqual([]);
  });
});

describe('an account in a scan', () => {
  /** A real panel that knows one proxy, which opens to that account only. */
  async function withProxy() {
    const shown: (string | undefined)[] = [];
    const proxy = await webServer(({ headers }, response) => {
      const account = headers['proxy-authorization'];
      shown.push(account);
      const signed = { Via: '1.1 proxy (squid/5.7)' };
      const [status, more] =
        account === BASIC
          ? [504, { 'X-Squid-Error': 'ERR_ONLY_IF_CACHED_MISS 0' }]
          : [407, { 'Proxy-Authenticate': 'Basic realm="proxy"' }];
      response.writeHead(status, { ...signed, ...more }).end();
    });
    const dataDir = mkdtempSync(join(tmpdir(), 'account-'));
    const providersFile = join(dataDir, 'providers');
    writeFileSync(providersFile, JSON.stringify({ s: 'proxy3', i: proxy.address, p: proxy.port }));
    const standard = loadConfig({ env: {}, file: '' });
    const own = { communityRanges: ['127.0.0.0/8'], serfRpc: { host: '127.0.0.1', port: 1 }, dataDir, providersFile };
    const panel = await createPanel({ ...standard, ...own }, { demo: false });
    const app = Fastify();
    await app.register((scope) => registerWeb(scope, panel));
    onTestFinished(async () => {
      await app.close();
      await panel.close();
      rmSync(dataDir, { recursive: true });
    });
    await setOwnerPassword(panel.store.settings, PASSWORD);
    await panel.discovery.ready();
    return { panel, dataDir, shown, visitor: await new Visitor({ app }, { host: 'localhost' }).login() };
  }
  const scanUrl = (panel: Panel) => `/api/v1/services/proxy3/providers/${panel.discovery.providers('proxy3')[0]?.id}`;

  it('reaches the provider, shows that it works, and is in no row, log or later scan', async () => {
    const said = [vi.spyOn(console, 'error'), vi.spyOn(console, 'log'), vi.spyOn(console, 'warn')];
    onTestFinished(() => void vi.restoreAllMocks());
    const { panel, dataDir, shown, visitor } = await withProxy();
    const url = scanUrl(panel);
    const started = await visitor.postJson(`${url}/scan`, { account: ACCOUNT });
    const job = await panel.jobs.ended(started.json().job.id);
    expect(job.state).toBe('done');
    expect((await visitor.get(url)).json()).toMatchObject({ level: 5, reason: null });
    expect(shown).toContain(BASIC);
    const before = shown.length;
    await panel.jobs.ended(panel.scan('proxy3').id);
    expect(shown.length).toBeGreaterThan(before);
    expect(shown.slice(before).filter((account) => account !== undefined)).toEqual([]);
    panel.store.flush();
    const files = readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name), 'latin1'));
    const everything = [...files, JSON.stringify(job), JSON.stringify(said.map(({ mock }) => mock.calls))].join('\n');
    expect(everything).not.toMatch(/rect-horse/);
    expect(everything).not.toContain(BASIC.slice('Basic '.length));
  });

  it('reports that the provider refused it without repeating it', async () => {
    const { panel, visitor } = await withProxy();
    const url = scanUrl(panel);
    const started = await visitor.postJson(`${url}/scan`, { account: { ...ACCOUNT, password: 'staple' } });
    await panel.jobs.ended(started.json().job.id);
    const { body, json } = await visitor.get(url);
    expect(json()).toMatchObject({ reason: null, level: 3, facts: { account: 'refused' } });
    expect(body).not.toContain('staple');
  });

  it('starts a scan of its own while another scan of the type runs', async () => {
    const { panel, shown, visitor } = await withProxy();
    const running = panel.scan('proxy3');
    const started = await visitor.postJson(`${scanUrl(panel)}/scan`, { account: ACCOUNT });
    expect(started.json().job.id).not.toBe(running.id);
    await panel.jobs.ended(started.json().job.id);
    expect(shown).toContain(BASIC);
  });
});
