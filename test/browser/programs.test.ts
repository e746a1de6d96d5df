/** Finding anything by keyboard, and a program's token from its making to its end: used by curl, as the pages say it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { startBrowser } from './fronts.js';
import { asOwner, asReader, type Way } from './look.js';

const shell = promisify(execFile);

let web: TestWeb;
let way: Way;
let browser: Browser;

beforeAll(async () => {
  web = await startWeb();
  browser = await startBrowser();
  way = { browser, base: `${await web.app.listen({ host: '127.0.46.23', port: 0 })}/` };
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

describe('anything', () => {
  const first = () => web.panel.lists.get('dnsservice')?.[0]?.provider;

  it('is found by keyboard alone, from any page', async () => {
    await asReader(way, { width: 1280 }, async (page) => {
      await page.goto(`${way.base}help`);
      await page.keyboard.press('/');
      await page.keyboard.type(first()?.node ?? '');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/search?q=*');
      await page
        .locator('.cs-results a', { hasText: first()?.node ?? '' })
        .first()
        .focus();
      await page.keyboard.press('Enter');
      await page.waitForURL('**/nodes/*');
      expect(await page.textContent('h1')).toBe(first()?.node);
    });
  });

  it('is one tap away on a phone, where there is no room for the field', async () => {
    await asReader(way, { width: 320 }, async (page) => {
      await page.goto(`${way.base}help`);
      expect(await page.isVisible('#cs-find')).toBe(false);
      await page.click('.cs-find-link');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('cs-q');
      await page.keyboard.type('zzz');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/search?q=zzz');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    });
  });
});

describe('a program', () => {
  /** As a person who copies a line of the page into a shell. */
  async function runLine(line: string, env: Record<string, string> = {}) {
    const { stdout } = await shell('sh', ['-c', `${line} -s -w '\n%{http_code}'`], { env: { ...process.env, ...env } });
    const [, body = '', status = ''] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? [];
    return { status: Number(status), body };
  }
  const lines = (page: Page) => page.locator('.cs-copy').allTextContents();

  it('is given a token by keyboard, acts with it by curl, and loses it', async () => {
    await asOwner(way, { width: 1280 }, async (page) => {
      await page.goto(`${way.base}settings`);
      await page.focus('#tokens input[name=name]');
      await page.keyboard.type('cron');
      await page.selectOption('#tokens select', 'owner');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/settings/tokens');
      const [token = '', line = ''] = await lines(page);
      expect(await runLine(line)).toMatchObject({ status: 200, body: expect.stringContaining('"services"') });

      await page.goto(`${way.base}api`);
      const scan = (await lines(page)).find((text) => text.includes('/scan')) ?? '';
      const answer = await runLine(scan, { TOKEN: token });
      expect(answer.status).toBe(202);
      await web.panel.end();
      expect((await runLine(scan, { TOKEN: `${token}x` })).status).toBe(401);

      await page.goto(`${way.base}settings`);
      await page.click('#tokens li button');
      await page.waitForURL('**/settings*');
      expect(await page.locator('#tokens li').count()).toBe(0);
      expect((await runLine(line)).status).toBe(401);
    });
  });
});
