/** The provider's page by hand: a chart's values by key and pointer, stars and marks saved at once, with scripts and without. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { NOW } from '../web/fake-panel.js';
import { startBrowser } from './fronts.js';
import { asOwner, asReader, troubles } from './look.js';

const MINUTE = 60_000;

let web: TestWeb;
let base: string;
let browser: Browser;
let address: string;
let id: string;

beforeAll(async () => {
  web = await startWeb();
  base = `${await web.app.listen({ host: '127.0.46.14', port: 0 })}/`;
  browser = await startBrowser();
  id = web.panel.lists.get('dnsservice')?.[0]?.provider.id ?? '';
  address = `services/dnsservice/providers/${id}`;
  const { attempts, history } = web.panel.store;
  const tried = { provider: id, type: 'dnsservice', bytes: 400 };
  for (const [minutes, value] of [
    [90, 30],
    [60, 12],
    [2, 14],
  ] as const) {
    const samples = [{ metric: 'answer', value, method: 'udp' }];
    attempts.add({ ...tried, at: NOW - minutes * MINUTE, level: 4, reason: null, samples, facts: {} });
  }
  attempts.add({ ...tried, at: NOW - MINUTE, level: 0, reason: 'timeout', detail: null });
  history.note('dnsservice', id, 71);
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

const chart = (page: Page) => page.locator('.cs-chart', { hasText: 'Response time' });

describe('a chart', () => {
  it('tells its values by the arrow keys, by the pointer, and no more when left', async () => {
    await asReader({ browser }, { width: 390 }, async (page) => {
      const found = troubles(page, new URL(base).origin);
      await page.goto(base + address);
      const field = chart(page).getByRole('slider');
      const value = chart(page).locator('.cs-value');
      const height = async () => (await chart(page).boundingBox())?.height;
      const before = await height();
      await field.focus();
      await page.keyboard.press('Home');
      expect(await value.textContent()).toMatch(/: 30\sms$/);
      await page.keyboard.press('ArrowRight');
      expect(await value.textContent()).toMatch(/: 12\sms$/);
      await page.keyboard.press('End');
      expect(await field.getAttribute('aria-valuetext')).toMatch(/: (?!.*ms)/);
      expect(await height()).toBe(before);
      await page.keyboard.press('Tab');
      expect(await value.textContent()).toBe('');
      const { x = 0, y = 0, width = 0 } = (await field.boundingBox()) ?? {};
      await page.mouse.move(x + width * (1 - 90 / 1440) - 3, y + 60);
      expect(await value.textContent()).toMatch(/: 30\sms$/);
      await page.mouse.move(2, 2);
      expect(await value.textContent()).toBe('');
      expect(found).toEqual([]);
    });
  });

  it('keeps the span that was chosen when the page changes', async () => {
    await asOwner({ browser, base }, {}, async (page) => {
      await page.goto(base + address);
      await page.getByRole('link', { name: '7 days' }).click();
      await page.click('#cs-star-2');
      await page.locator('#cs-star-2[aria-pressed=true]').waitFor();
      expect(await page.locator('.cs-spans [aria-current]').textContent()).toBe('7 days');
      expect(await chart(page).getByRole('slider').count()).toBe(1);
    });
  });

  it('is an image with a sentence without scripts, and its values are in the table', async () => {
    await asReader({ browser }, { scripts: false }, async (page) => {
      await page.goto(base + address);
      expect(await chart(page).getByRole('img').getAttribute('aria-label')).toMatch(/^Response time: typically/);
      await page.getByText('As a table').click();
      expect(await page.locator('#history tbody tr').count()).toBe(4);
    });
  });
});

describe('stars, pin, reserve and hiding', () => {
  it.each([true, false])('are saved with one press each (scripts: %s)', async (scripts) => {
    const opinion = () => web.panel.store.opinions.get('dnsservice', id);
    await asOwner({ browser, base }, { scripts, width: 320 }, async (page) => {
      const found = troubles(page, new URL(base).origin);
      await page.goto(base + address);
      await page.locator('#cs-star-5').press('Enter');
      await page.locator('#cs-star-5[aria-pressed=true]').waitFor();
      await page.click('#cs-pinned');
      await page.locator('#cs-pinned[aria-pressed=true]').waitFor();
      expect([opinion().stars[0]?.stars, opinion().pinned]).toEqual([5, true]);
      await page.click('#cs-reserve');
      await page.locator('#cs-pinned[aria-pressed=false]').waitFor();
      await page.getByRole('button', { name: 'Recommend it only if the others fail', pressed: true }).waitFor();
      expect(opinion()).toMatchObject({ pinned: false, reserve: true });
      await page.click('#cs-reserve');
      await page.locator('#cs-reserve[aria-pressed=false]').waitFor();
      await page.click('#cs-star-5');
      await page.locator('#cs-star-5[aria-pressed=false]').waitFor();
      expect(opinion()).toMatchObject({ stars: [], pinned: false, reserve: false });
      expect(found).toEqual([]);
    });
  });
});
