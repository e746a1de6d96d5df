/** How much a first visit takes over the wire, as Chromium counts it: at most 45 kB, and on the next page no file again. */
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { community, ranked } from '../web/fake-panel.js';
import { startBrowser } from './fronts.js';
import { asReader } from './look.js';

const LIMIT = 45_000;
const PAGE_LIMIT = 25_000;

let web: TestWeb;
let base: string;
let browser: Browser;

beforeAll(async () => {
  web = await startWeb();
  base = `${await web.app.listen({ host: '127.0.46.10', port: 0 })}/`;
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

/** Bytes on the wire, heads of answers included, by address; what came from the browser's own store counts nothing. */
async function weigh(devtools: CDPSession, visit: () => Promise<unknown>): Promise<Map<string, number>> {
  const addresses = new Map<string, string>();
  const bytes = new Map<string, number>();
  const sent = ({ requestId, request }: { requestId: string; request: { url: string } }) =>
    void addresses.set(requestId, request.url);
  const ended = ({ requestId, encodedDataLength }: { requestId: string; encodedDataLength: number }) =>
    void bytes.set(addresses.get(requestId) ?? requestId, encodedDataLength);
  devtools.on('Network.requestWillBeSent', sent);
  devtools.on('Network.loadingFinished', ended);
  await visit();
  devtools.off('Network.requestWillBeSent', sent);
  devtools.off('Network.loadingFinished', ended);
  return bytes;
}

/** The whole page, and its icon, which the browser asks for where the page's own tools do not see it. */
const visit = (page: Page, address: string, cache: RequestCache) => async () => {
  await page.goto(address, { waitUntil: 'networkidle' });
  await page.evaluate(async (how) => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href ?? '';
    await (await fetch(icon, { cache: how })).text();
  }, cache);
};

const sum = (bytes: ReadonlyMap<string, number>) => [...bytes.values()].reduce((all, one) => all + one, 0);

it.each([
  ['the first page', ''],
  ['a list of 30 providers', 'services/dnsservice'],
])('a first visit to %s takes at most 45 kB, and the next page no file again', async (_, path) => {
  await asReader({ browser }, {}, async (page, context) => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    const first = await weigh(devtools, visit(page, base + path, 'reload'));
    const isFile = (address: string) => address.startsWith(`${base}public/`);
    expect([...first].filter(([address, bytes]) => isFile(address) && bytes > 0)).toHaveLength(6);
    expect(sum(first)).toBeGreaterThan(10_000);
    expect(sum(first)).toBeLessThanOrEqual(LIMIT);
    const second = await weigh(devtools, visit(page, `${base}help`, 'default'));
    expect([...second].filter(([address, bytes]) => isFile(address) && bytes > 0)).toEqual([]);
  });
});

it('a page of 100 rows takes at most 25 kB', async () => {
  const type = 'dnsservice';
  const thirty = community(type);
  // Of every kind of row, each with a name, address, time and place of its own.
  const hundred = Array.from({ length: 100 }, (_, at) => {
    const row = thirty[at % thirty.length] ?? ranked(type, at);
    const { id, address, node, host } = ranked(type, at + 1).provider;
    const description = `DNS of ${(at * 7919).toString(36)}`;
    const path = { rtt: (at * 37) % 91, jitter: 1, loss: 0 };
    return { ...row, path, recommended: at === 0, provider: { ...row.provider, id, address, node, host, description } };
  });
  web.panel.lists.set(type, hundred);
  await asReader({ browser }, {}, async (page, context) => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    const address = `${base}services/${type}?rows=100`;
    const bytes = await weigh(devtools, visit(page, address, 'reload'));
    expect(await page.locator('.cs-row').count()).toBe(100);
    expect(bytes.get(address)).toBeGreaterThan(5000);
    expect(bytes.get(address)).toBeLessThanOrEqual(PAGE_LIMIT);
  });
});
