/** "3 minutes ago" in Debian's Chromium: it goes on while the panel has nothing new to send, by the panel's clock. */
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { NOW, ranked } from '../web/fake-panel.js';
import { startBrowser } from './fronts.js';

const MINUTE = 60_000;

let web: TestWeb;
let browser: Browser;
let base: string;
const answers: number[] = [];
beforeAll(async () => {
  web = await startWeb();
  web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { measuredAt: NOW - 3 * MINUTE })]);
  await web.app.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(web.app.server.address() as AddressInfo).port}/`;
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

/** @param wrong by so much is the clock of the reader's device, ms */
async function open(wrong: number, use: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage({ locale: 'en' });
  await page.clock.install({ time: NOW + wrong });
  answers.length = 0;
  page.on('response', (response) => response.url().includes('since=') && answers.push(response.status()));
  try {
    await page.goto(`${base}services/dnsservice`);
    await use(page);
  } finally {
    await page.close();
  }
}

describe.each([0, -26 * 60 * MINUTE, 400 * 24 * 60 * MINUTE])('on a device whose clock is wrong by %i ms', (wrong) => {
  it('the age of a measurement goes on without any new page', async () => {
    await open(wrong, async (page) => {
      const age = page.locator('time.cs-ago');
      expect(await age.textContent()).toBe('3 minutes ago');
      for (const text of ['4 minutes ago', '9 minutes ago', '1 hour ago']) {
        // Left open for so long, the page is answered late.
        const polled = page.waitForRequest((request) => request.url().includes('since='));
        await page.clock.fastForward(
          text === '1 hour ago' ? 60 * MINUTE : text === '4 minutes ago' ? MINUTE : 5 * MINUTE,
        );
        await polled;
        await page.waitForFunction((wanted) => document.querySelector('time.cs-ago')?.textContent === wanted, text);
      }
      await page.mouse.move(5, 5);
      const answered = page.waitForResponse((response) => response.url().includes('since='));
      await page.clock.fastForward(2_000);
      await answered;
      expect(new Set(answers)).toEqual(new Set([204]));
    });
  });
});

it('what is measured anew comes with the next answer', async () => {
  await open(0, async (page) => {
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { measuredAt: NOW - 2 * 60 * MINUTE })]);
    await page.clock.fastForward(16_000);
    await page.waitForFunction(() => document.querySelector('time.cs-ago')?.textContent === '2 hours ago');
    expect(answers).toContain(200);
  });
});
