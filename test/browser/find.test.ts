/** Finding and following in Chromium: the address keeps up with what is asked for, and the page with what goes on elsewhere. */
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PASSWORD, startWeb, type TestWeb } from '../web/app.js';
import { ranked } from '../web/fake-panel.js';
import { startBrowser } from './fronts.js';

const ADDRESS = '127.0.46.8';
const MANY = Array.from({ length: 1000 }, (_, index) =>
  ranked('dnsservice', index, {
    level: index % 2 ? 3 : 0,
    provider: { address: `10.1.${index >> 8}.${index & 255}`, node: `node${index}` },
    ...(index % 2 ? {} : { score: 0, reason: 'timeout', parts: [], low: null, high: null, confidence: null }),
  }),
);

let browser: Browser;
let web: TestWeb;
let port: number;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

async function serve(at = 0): Promise<void> {
  web = await startWeb();
  web.panel.lists.set('dnsservice', MANY);
  await web.app.listen({ host: ADDRESS, port: at });
  port = (web.app.server.address() as AddressInfo).port;
}
beforeEach(() => serve());
afterEach(() => web.app.close());

const url = (query = '') => `http://${ADDRESS}:${port}/services/dnsservice${query}`;
const rows = (page: Page) => page.locator('.cs-table tbody tr').count();

async function onPage(use: (page: Page) => Promise<void>, scripts = true): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en' });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

describe('a list of a thousand', () => {
  it.each([true, false])(
    'is searched, filtered, sorted and turned over by its address (scripts: %s)',
    async (scripts) => {
      await onPage(async (page) => {
        await page.goto(url());
        expect(await rows(page)).toBe(100);
        await page.fill('#cs-q', 'node9');
        await page.press('#cs-q', 'Enter');
        await page.waitForURL('**?q=node9');
        await page.click('#cs-by-reachable');
        await page.waitForURL('**?q=node9&reachable=yes');
        await page.click('#cs-order-name');
        await page.waitForURL('**?q=node9&sort=name&reachable=yes');
        const found = page.locator('#cs-found');
        await found.filter({ hasText: '56 of 1,000 providers' }).waitFor();
        expect(await rows(page)).toBe(56);
        await page.goBack();
        await page.waitForURL('**?q=node9&reachable=yes');
        await page.locator('[aria-sort] > #cs-order-score').waitFor();
        await page.click('#cs-clear');
        await page.waitForURL(url());
        await found.filter({ hasText: '1,000 providers' }).waitFor();
        expect(await page.inputValue('#cs-q')).toBe('');
        await page.click('#cs-next');
        await page.waitForURL('**?page=2');
        await page.locator('.cs-pages', { hasText: '101–200 of 1,000' }).waitFor();
      }, scripts);
    },
  );

  it('is searched while typing, without a step back for every letter', async () => {
    await onPage(async (page) => {
      await page.goto(url());
      const steps = () => page.evaluate(() => history.length);
      const before = await steps();
      await page.keyboard.press('/');
      await page.keyboard.type('node99');
      await page.waitForURL('**?q=node99');
      await page.locator('#cs-found', { hasText: '11 of 1,000 providers' }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForLoadState('networkidle');
      expect([await steps(), await page.inputValue('#cs-q')]).toEqual([before, 'node99']);
    });
  });
});

describe('a page', () => {
  it('opened in a second tab shows the scan of the first, which both follow to its end', async () => {
    await onPage(async (page) => {
      await page.goto(`http://${ADDRESS}:${port}/login?next=/services/dnsservice`);
      await page.fill('input[name=password]', PASSWORD);
      await page.click('form[action$="/login"] button');
      await page.waitForURL(url());
      await page.click('form[action$="/scan"] button');
      const other = await page.context().newPage();
      await other.goto(url('?sort=name'));
      web.panel.handle?.progress(40);
      for (const tab of [page, other]) await tab.locator('.cs-progress', { hasText: '40 of 1,000' }).waitFor();
      await other.reload();
      await other.locator('.cs-progress', { hasText: '40 of 1,000' }).waitFor();
      await web.panel.end();
      for (const tab of [page, other]) {
        await tab.bringToFront();
        await tab.locator('#type:not([hx-get]) .cs-progress', { hasText: 'Done' }).waitFor();
      }
    });
  });

  it('keeps its rows while a proxy answers in the panel’s place', async () => {
    await onPage(async (page) => {
      await page.goto(url());
      await page.route('**/services/**', (route) =>
        route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }),
      );
      await page.evaluate(() => document.getElementById('cs-pulse')?.dispatchEvent(new Event('cs-again')));
      await page.waitForSelector('.cs-lost');
      expect(await rows(page)).toBe(100);
      expect(await page.getByText('Bad Gateway').count()).toBe(0);
      await page.unroute('**/services/**');
      await page.waitForSelector('.cs:not(.cs-lost)');
    });
  });

  it('turns grey and says so while the panel is away, and recovers by itself', async () => {
    await onPage(async (page) => {
      await page.goto(url());
      const pulse = page.locator('#cs-pulse');
      await pulse.filter({ hasText: /^Updated (now|\d+ seconds? ago)$/ }).waitFor();
      await web.app.close();
      await page.evaluate(() => document.getElementById('cs-pulse')?.dispatchEvent(new Event('cs-again')));
      await page.waitForSelector('.cs-lost');
      await pulse.filter({ hasText: 'The panel is not answering; last reply' }).waitFor();
      expect(await page.locator('#cs-told').textContent()).toContain('is not answering');
      expect(await rows(page)).toBe(100);
      await serve(port);
      await page.waitForSelector('.cs:not(.cs-lost)');
      expect(await page.locator('#cs-told').textContent()).toBe('The panel is answering again.');
      await pulse.filter({ hasText: /^Updated/ }).waitFor();
    });
  });

  const form = async (page: Page) => {
    const one = `services/dnsservice/providers/${MANY[0]?.provider.id}`;
    await page.goto(`http://${ADDRESS}:${port}/login?next=/${one}`);
    await page.fill('input[name=password]', PASSWORD);
    await page.click('form[action$="/login"] button');
    await page.click('.cs-opinion summary');
    await page.fill('#cs-note', 'written with care');
    return page.locator('.cs-opinion details button');
  };
  const note = () => web.panel.store.opinions.get('dnsservice', MANY[0]?.provider.id ?? '').note;

  it('whose form could not be sent says so in sight until it was, and keeps what was typed', async () => {
    await onPage(async (page) => {
      const save = await form(page);
      await save.click();
      await page.locator('#cs-saved strong').waitFor();
      await page.fill('#cs-note', 'written with more care');
      await page.route('**/opinion', (route) => route.abort());
      await save.click();
      const unsent = page.locator('#cs-message', { hasText: 'Not sent: the panel is not answering.' });
      await unsent.waitFor();
      expect(await unsent.evaluate((one) => one.getBoundingClientRect().top)).toBeGreaterThanOrEqual(0);
      expect([await page.locator('#cs-saved').textContent(), note()]).toEqual(['', 'written with care']);
      await page.evaluate(() => document.getElementById('cs-pulse')?.dispatchEvent(new Event('cs-again')));
      await page.waitForSelector('.cs:not(.cs-lost)');
      expect(await unsent.count()).toBe(1);
      await page.unroute('**/opinion');
      await save.click();
      await page.locator('#cs-saved strong').waitFor();
      expect([await page.locator('#cs-message').textContent(), note()]).toEqual(['', 'written with more care']);
    });
  });

  it('whose form was open for too long can be sent again as it is', async () => {
    await onPage(async (page) => {
      const save = await form(page);
      await page.evaluate(() => {
        for (const one of document.querySelectorAll<HTMLInputElement>('[name=token]')) one.value = 'of another visit';
      });
      await save.click();
      const refused = page.locator('#cs-message', { hasText: 'The form has expired.' });
      await refused.waitFor();
      expect(await refused.evaluate((one) => one.getBoundingClientRect().top)).toBeGreaterThanOrEqual(0);
      await save.click();
      await page.locator('#cs-saved strong').waitFor();
      expect([await page.locator('#cs-message').textContent(), note()]).toEqual(['', 'written with care']);
    });
  });

  it('on paper has its rows, and nothing to press', async () => {
    await onPage(async (page) => {
      await page.goto(url());
      await page.emulateMedia({ media: 'print' });
      expect(await page.locator('.cs-table tbody tr').first().isVisible()).toBe(true);
      expect(await page.locator('.cs button:visible, .cs input:visible, .cs .cs-button:visible').count()).toBe(0);
    });
  });
});
