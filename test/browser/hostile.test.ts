/** More than 10,000 hostile announcements through every source, to everything that the panel writes. */
import { execFile } from 'node:child_process';
import type { SocketOptions } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listProviders, listServices } from '../../plugin/cli/list.js';
import { Allowance } from '../../plugin/discovery/sources/avahi/datagrams.js';
import { cleanText } from '../../plugin/lib/text.js';
import type { Provider } from '../../plugin/model/provider.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { fakeIo } from '../cli/fake-panel.js';
import { seeded } from '../discovery/seeded.js';
import { Visitor } from '../web/app.js';
import { problemOf } from '../web/described.js';
import { startBrowser } from './fronts.js';
import { judge, problemIn, problemInCsv, textsOf } from './hostile-outputs.js';
import { type HostilePanel, PROBED, startHostile, TOKEN } from './hostile-panel.js';

vi.mock('node:os', async (load) => {
  const { links } = await import('./hostile-links.js');
  return { ...(await load<typeof import('node:os')>()), networkInterfaces: links };
});
vi.mock('node:dgram', async (load) => {
  const real = await load<typeof import('node:dgram')>();
  const { Datagrams } = await import('./hostile-links.js');
  // Only multicast DNS shares its port.
  const createSocket = (options: SocketOptions) =>
    options.reuseAddr ? new Datagrams() : real.createSocket({ ...options });
  return { ...real, createSocket };
});

/** Another one tries others. */
const SEED = 20_261_123;
const SAID = `seed ${SEED}`;
/** Of the pages of one kind so many are looked at, of providers' and nodes' more, and of the lists every page. */
const PAGES_OF_A_KIND = 4;
const PAGES_OF_THEIRS = 60;

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
const logged: string[] = [];
let hostile: HostilePanel;
let browser: Browser;
let page: Page;
let owner: Visitor;
beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation((...texts) => void logged.push(...texts.map(String)));
  // All of it comes within a second, and all of it is to be read.
  vi.spyOn(Allowance.prototype, 'spend').mockImplementation((_bytes, read) => {
    read();
    return true;
  });
  hostile = await startHostile(folder, seeded(SEED));
  owner = await new Visitor(hostile, { host: 'localhost' }).login();
  measureSome();
  browser = await startBrowser();
  page = await browser.newPage();
});
afterAll(async () => {
  await browser?.close();
  await hostile?.close();
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

/** Some have a score, and some have failed, so that pages have something to explain. */
function measureSome(): void {
  const { panel } = hostile;
  for (const [nth, { type, id, barred }] of panel.discovery.providers().entries()) {
    if (barred !== null || nth % 20 !== 0) continue;
    const tried = { type, provider: id, at: Date.now() - nth, bytes: 100 };
    const said = '=1+1"\'><x-canary onx=1>';
    const samples = panel.services.of(type).metrics.map(({ id: metric }) => ({ metric, value: 9, method: 'm' }));
    if (nth % 40 === 0) panel.store.attempts.add({ ...tried, reason: 'broken', level: 2, detail: said });
    else panel.store.attempts.add({ ...tried, reason: null, level: 3, samples, facts: { [said]: said } });
  }
}

const words = () => [...new Set(hostile.panel.discovery.providers().map(({ type }) => type))];

it('of 10,000 and more announcements each is listed, or counted with the reason why not', async () => {
  const { panel, tallies } = hostile;
  // A long list is merged again only after a rest.
  await vi.waitFor(() => {
    const all = panel.discovery.providers();
    const keys = new Set(all.map(({ type, address, port }) => `${type}|${address}|${port ?? ''}`));
    for (const { name, read, skipped } of panel.discovery.sources()) {
      const { listed, skipped: expected } = tallies[name as keyof typeof tallies];
      const beyond = (skipped['too-many'] ?? 0) - (expected['too-many'] ?? 0);
      expect({ ...skipped, 'too-many': 0 }, name + SAID).toEqual({ ...expected, 'too-many': 0 });
      expect(read, SAID).toBeGreaterThanOrEqual(listed.length - beyond);
      expect(read, SAID).toBeLessThanOrEqual(listed.length);
      // What the budget of the list leaves out is counted.
      expect(listed.filter((key) => !keys.has(key)).length, name + SAID).toBeLessThanOrEqual(beyond);
    }
    expect(all.length).toBeGreaterThan(3_000);
  }, 15_000);
  expect(Object.values(tallies).reduce((sum, { delivered }) => sum + delivered, 0)).toBeGreaterThanOrEqual(10_000);
});

it('what is kept of an announcement is short, typed and fit to show, however long it was', () => {
  const isFit = ({ type, node, host, address, port, description, community, txt }: Provider) => {
    const [names, pairs] = [[node, host, description, community], [...txt].flat()];
    const isShort = names.every(({ length }) => length <= 128) && pairs.join('').length <= 1_024 && txt.size <= 32;
    const isPort = port === null || (Number.isInteger(port) && port > 0 && port < 65_536);
    const isType = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(type);
    return isShort && isPort && isType && isIP(address) > 0 && problemIn([...names, ...pairs].join('\n')) === null;
  };
  expect(
    hostile.panel.discovery.providers().filter((one) => !isFit(one)),
    SAID,
  ).toEqual([]);
});

it('pages hold it as text: no element, attribute, script, address or letter of theirs is at work', async () => {
  const problems: string[] = [];
  const waiting = ['/', '/help', '/events', ...askedFor()];
  const seen = new Set(waiting);
  const kinds = new Map<string, number>();
  for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
    const { statusCode, body, headers } = await owner.get(url);
    // Leads out of the panel, to the best provider of a type.
    const isExit = url.startsWith('/go/');
    expect(
      isExit ? [302, 404] : WRITTEN.test(url) ? [200, 404] : [200],
      `${SAID} ${url} ${body.slice(0, 300)}`,
    ).toContain(statusCode);
    if (!String(headers['content-type']).startsWith('text/html')) continue;
    const judged = await judge(page, body);
    problems.push(...judged.problems.map((problem) => `${url}: ${problem}`));
    for (const link of judged.links.filter((one) => !seen.has(one))) {
      seen.add(link);
      const kind = kindOf(link);
      const before = kinds.get(kind) ?? 0;
      kinds.set(kind, before + 1);
      const most = THEIRS.test(kind) ? PAGES_OF_THEIRS : PAGES_OF_A_KIND;
      if (LISTS.test(kind) || (before < most && !COMBINED.test(kind))) waiting.push(link);
    }
  }
  expect(problems, SAID).toEqual([]);
  const rows = hostile.panel.discovery.providers().map(({ type, id }) => `/services/${type}/providers/${id}`);
  expect(
    rows.filter((row) => !seen.has(row)),
    SAID,
  ).toEqual([]);
}, 240_000);

/** Every page of every list, without search and filters. */
const LISTS = /^\/services\/\*(\?page)?$/;
/** For a program; there is none where nobody works. */
const WRITTEN = /^\/services\/[^/]+\/files\//;
/** Pages of one provider and of one node, whose names are the strangers'. */
const THEIRS = /^(\/services\/\*\/providers|\/nodes)\/\*$/;
/** Filters on filters: there is no end of them. */
const COMBINED = /^\/services\/.*&/;

/** Addresses without what differs from one to the next. */
const kindOf = (link: string) => {
  const { pathname, searchParams } = new URL(link, 'http://panel.example');
  const path = pathname.replace(/(?<=^\/(services|nodes)\/)[^/]+/, '*').replace(/(?<=\/providers\/)[^/]+/, '*');
  const asked = [...searchParams.keys()].sort().join('&');
  return asked ? `${path}?${asked}` : path;
};
/** "Why is it not listed?", asked for some of the members by their names, as the panel shows them. */
const askedFor = () =>
  hostile.names
    .filter((_, nth) => nth % 50 === 0)
    .map((name) => `/help/not-listed?${new URLSearchParams({ node: cleanText(name), type: 'dnsservice' })}`);

it('the API tells it as it is described, and tables, metrics and files are no others than without it', async () => {
  for (const word of words()) {
    const answer = await owner.get(`/api/v1/services/${word}`);
    expect(problemOf('GET', '/api/v1/services/:type', answer), `${SAID} ${word}`).toBeNull();
    expect(problemIn(textsOf(answer.json()).join('\n')), `${SAID} ${word}`).toBeNull();
    const file = await owner.get(`/services/${word}/measurements.csv`);
    expect(problemInCsv(file.body), `${SAID} ${word}`).toBeNull();
  }
  const { body } = await owner.get('/metrics', { authorization: `Bearer ${TOKEN}` });
  expect(problemIn(body) ?? (await lint(body)), SAID).toBe('');
  expect(body).not.toMatch(/canary|evil/);
  const overview = await owner.get('/api/v1/services');
  expect(problemIn(textsOf(overview.json()).join('\n')), SAID).toBeNull();
  expect(problemOf('GET', '/api/v1/services', overview), SAID).toBeNull();
});

/** What Prometheus' own checker has to say. */
function lint(text: string): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('promtool', ['check', 'metrics'], (error, stdout, stderr) =>
      resolve(`${error ? error.message : ''}${stdout}${stderr}`),
    );
    child.stdin?.end(text);
  });
}

it('the command line writes one line for each, without commands for the terminal', async () => {
  const { panel } = hostile;
  const show = { json: false, words: loadLocales()('en') };
  const written = async (json: boolean, word?: string) => {
    const io = fakeIo();
    const how = { ...show, json };
    await (word === undefined ? listServices(panel, io, how) : listProviders(panel, io, word, how));
    expect(problemIn(io.written.err), SAID).toBeNull();
    return io.written.out;
  };
  for (const word of words()) {
    const lines = (await written(false, word)).trimEnd().split('\n');
    expect(lines, SAID).toHaveLength(panel.discovery.providers(word).length + 1);
    expect(problemIn(lines.join('\n')), `${SAID} ${word}`).toBeNull();
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(300);
    expect(problemIn(textsOf(JSON.parse(await written(true, word))).join('\n')), SAID).toBeNull();
  }
  expect(problemIn(await written(false)), SAID).toBeNull();
  expect(JSON.parse(await written(true))).toMatchObject({ sources: { length: 3 } });
});

it('a scan of one, its event, the alert and the log say nothing else than they should', async () => {
  const { panel, alerts } = hostile;
  const { type } = PROBED;
  const [provider] = panel.discovery.providers(type);
  panel.store.recommendations.put(type, { provider: provider?.id ?? '', challenger: null });
  const started = await owner.postJson(`/api/v1/services/${type}/providers/${provider?.id}/scan`);
  await panel.jobs.ended(started.json().job.id);
  await vi.waitFor(() => expect(alerts).toHaveLength(1), 10_000);
  const alert = JSON.parse(alerts[0] ?? '');
  expect(alert).toMatchObject({ event: 'failing', type, provider: { address: PROBED.address } });
  const events = (await owner.get('/api/v1/events')).json();
  expect(events.events[0]).toMatchObject({ what: 'scan', type, provider: provider?.id });
  expect(problemIn([...textsOf(alert), ...textsOf(events), ...logged].join('\n')), SAID).toBeNull();
  expect((await judge(page, (await owner.get('/events')).body)).problems, SAID).toEqual([]);
  expect(
    logged.filter((line) => line.includes('\n')),
    SAID,
  ).toEqual([]);
});
