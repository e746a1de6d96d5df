/** A page that nobody touches, in Debian's Chromium: it asks seldom, and follows what begins elsewhere all the same. */
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { startBrowser } from './fronts.js';

let web: TestWeb;
let browser: Browser;
let page: Page;
const questions: { readonly waits: boolean }[] = [];
beforeEach(async () => {
  web = await startWeb();
  await web.app.listen({ host: '127.0.0.1', port: 0 });
  browser = await startBrowser();
  page = await browser.newPage({ locale: 'en' });
  await page.clock.install();
  questions.length = 0;
  page.on('request', (request) => {
    if (request.url().includes('since=')) questions.push({ waits: request.headers()['cs-wait'] === '1' });
  });
  await page.goto(`http://127.0.0.1:${(web.app.server.address() as AddressInfo).port}/services/dnsservice`);
});
afterEach(async () => {
  await browser?.close();
  await web?.app.close();
});

/** Until the page's question waits at the panel. */
async function leaveOpen(): Promise<void> {
  const asked = page.waitForRequest((request) => request.headers()['cs-wait'] === '1');
  await page.clock.fastForward(180_000);
  await asked;
}

it('shows a scan that begins elsewhere before it would ask again', async () => {
  await leaveOpen();
  expect(await page.locator('#cs-pulse[data-busy]').count()).toBe(0);
  const asked = questions.length;
  web.panel.scan('dnsservice');
  await page.getByText('0 of 30').first().waitFor();
  expect(questions.length).toBe(asked);
});

it('asks one question that waits, and usual ones from the moment that somebody is there', async () => {
  await leaveOpen();
  const waiting = questions.length;
  // Ticks of the page while its question waits.
  await page.clock.runFor(10_000);
  expect(questions.slice(waiting)).toEqual([]);
  await page.mouse.move(50, 50);
  const asked = page.waitForResponse((response) => response.url().includes('since='));
  await page.clock.runFor(2_000);
  expect((await asked).status()).toBe(204);
  expect(questions.at(-1)).toEqual({ waits: false });
  expect(await page.locator('.cs-lost').count()).toBe(0);
});
