/** A type's list in Chromium: what is in sight at once, how few clicks compare two, and a scan that every tab hears of. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { startBrowser } from './fronts.js';
import { asOwner, asReader, overflow, type Way } from './look.js';

let browser: Browser;
let web: TestWeb;
let way: Way;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  web = await startWeb();
  way = { browser, base: `${await web.app.listen({ host: '127.0.46.12', port: 0 })}/` };
});
afterEach(() => web.app.close());

const LIST = 'services/dnsservice';
/** As many neighbours as a small community has. */
const few = () => {
  const list = web.panel.lists.get('dnsservice') ?? [];
  web.panel.lists.set(
    'dnsservice',
    list.slice(0, 8).map((row) => ({ ...row, path: { rtt: 2.4, jitter: 1, loss: 0 } })),
  );
};
const inSight = (page: Page) =>
  page.$$eval('.cs-row', (rows) => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length);

describe.each([
  ['the owner', asOwner],
  ['a reader', asReader],
] as const)('%s', (_, as) => {
  it('sees the first three providers on a phone without scrolling', async () => {
    few();
    await as(way, { width: 390 }, async (page) => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(way.base + LIST);
      expect(await inSight(page)).toBeGreaterThanOrEqual(3);
    });
  });

  it('sees eight providers on a screen without scrolling', async () => {
    await as(way, {}, async (page) => {
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(way.base + LIST);
      expect(await inSight(page)).toBeGreaterThanOrEqual(8);
    });
  });
});

it('names the round trip wherever the list has no heads', async () => {
  few();
  const label = '.cs-row .cs-cell-rtt .cs-label';
  await asReader(way, { width: 390 }, async (page) => {
    await page.goto(way.base + LIST);
    expect(await page.locator(label).first().isVisible()).toBe(true);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(await page.locator(label).first().isVisible()).toBe(false);
    expect(await page.locator('thead .cs-cell-rtt').isVisible()).toBe(true);
  });
});

it.each([320, 390])(
  'the owner’s marks stand in one line beside the ring on a page of %d px, in German',
  async (width) => {
    const [row] = web.panel.lists.get('dnsservice') ?? [];
    await asOwner(way, { width, language: 'de' }, async (page) => {
      await page.goto(`${way.base}${LIST}/providers/${row?.provider.id}`);
      const ring = await page.locator('.cs-head-line > :first-child').boundingBox();
      const marks = await Promise.all((await page.locator('.cs-mark-button').all()).map((mark) => mark.boundingBox()));
      expect(marks.length).toBe(3);
      expect(new Set(marks.map((box) => box?.y)).size).toBe(1);
      expect(Number(marks[0]?.x)).toBeGreaterThan(Number(ring?.x) + Number(ring?.width));
      expect(await overflow(page)).toBe(0);
    });
  },
);

it('two providers stand side by side after two clicks from the first page', async () => {
  await asReader(way, {}, async (page) => {
    await page.goto(way.base);
    await page.click(`a.cs-cover[href$="/${LIST}"]`);
    await page.click('#cs-versus');
    await page.waitForURL('**/compare?p=*&p=*');
    expect(await page.locator('.cs-versus thead a:not(.cs-drop)').allTextContents()).toEqual(['node1', 'node2']);
    expect(await page.locator('.cs-versus tbody tr').count()).toBeGreaterThan(2);
  });
});

it('two services of one node are told apart at every value of a comparison, however narrow the phone', async () => {
  const [first, second] = web.panel.lists.get('dnsservice') ?? [];
  if (!first || !second) throw new Error('no providers');
  const named = (row: typeof first, description: string) => ({
    ...row,
    provider: { ...row.provider, node: 'W7XQA-Ridge-Omni-North', description },
  });
  web.panel.lists.set('dnsservice', [named(first, 'Ridge camera, north'), named(second, 'Ridge camera, south')]);
  await asReader(way, { width: 320 }, async (page) => {
    await page.goto(`${way.base}${LIST}/compare?p=${first.provider.id}&p=${second.provider.id}`);
    const names = await page.$$eval('.cs-of', (cells) =>
      cells.map((cell) => ({ text: cell.textContent, cut: cell.scrollWidth > cell.clientWidth })),
    );
    expect(names.length).toBeGreaterThan(3);
    expect(new Set(names.map(({ text }) => text)).size).toBe(2);
    expect(names.filter(({ cut }) => cut)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  });
});

it.each([true, false])('sorting, filtering and comparing need no mouse (scripts: %s)', async (scripts) => {
  await asReader(way, { scripts }, async (page) => {
    await page.goto(way.base + LIST);
    const press = async (selector: string, key = 'Enter') => {
      await page.focus(selector);
      await page.keyboard.press(key);
    };
    await press('#cs-order-name');
    await page.waitForSelector('th[aria-sort=ascending] > #cs-order-name');
    await press('#cs-order-name');
    await page.waitForSelector('th[aria-sort=descending] > #cs-order-name');
    await press('#cs-by-reachable');
    await page.waitForSelector('#cs-by-reachable[aria-current]');
    for (const row of [1, 2, 3]) await press(`.cs-row:nth-child(${row}) .cs-tick input`, 'Space');
    await press('#cs-compare button');
    await page.waitForURL('**/compare?*');
    expect(await page.locator('.cs-versus thead a:not(.cs-drop)').count()).toBe(3);
    await press('.cs-drop');
    await page.waitForFunction(() => document.querySelectorAll('.cs-versus thead .cs-rated').length === 2);
  });
});

describe('a scan', () => {
  it('shows within two seconds in every tab that is open, and where its row is', async () => {
    await asOwner(way, {}, async (page, context) => {
      await page.goto(way.base + LIST);
      await asReader(way, {}, async (other) => {
        await other.goto(way.base + LIST);
        const first = await context.newPage();
        await first.goto(way.base);
        await page.bringToFront();
        await page.click('#cs-scan');
        await page.waitForSelector('#type[hx-get] progress');
        const [tried] = web.panel.lists.get('dnsservice') ?? [];
        web.panel.handle?.progress(12);
        web.panel.handle?.tell({ trying: [tried?.provider.id ?? ''], leftMs: 8_000 });
        await other.waitForFunction(() => document.title.startsWith('12/30'), undefined, { timeout: 2_500 });
        await other.locator('.cs-row .cs-trying').waitFor();
        await first.bringToFront();
        await first.waitForFunction(() => document.title.startsWith('12/30'), undefined, { timeout: 2_500 });
        await web.panel.end();
        await other.waitForFunction(() => document.title.startsWith('DNS server'));
        await page.bringToFront();
        await page.locator('.cs-progress', { hasText: 'Done' }).waitFor();
      });
    });
  });

  it('leaves what was ticked, and is cancelled where one is', async () => {
    await asOwner(way, {}, async (page) => {
      await page.goto(way.base + LIST);
      await page.check('.cs-row:nth-child(2) .cs-tick input');
      await page.click('#cs-scan');
      await page.waitForSelector('#type[hx-get] progress');
      web.panel.handle?.progress(3);
      await page.locator('.cs-progress', { hasText: '3 of 30' }).waitFor();
      expect(await page.isChecked('.cs-row:nth-child(2) .cs-tick input')).toBe(true);
      await page.click('.cs-progress form[action$="/cancel"] button');
      await page.locator('.cs-progress', { hasText: 'Cancelled' }).waitFor();
      expect(page.url()).toBe(way.base + LIST);
    });
  });
});

it('a session that ended in another tab takes its buttons along', async () => {
  await asOwner(way, {}, async (page, context) => {
    await page.goto(way.base + LIST);
    const other = await context.newPage();
    await other.goto(way.base);
    await other.click('form[action$="/logout"] button');
    await other.waitForSelector('#cs-session a');
    await page.bringToFront();
    await page.waitForSelector('#cs-session a[href*="login"]');
    await page.waitForSelector('#type:not(:has(#cs-scan))');
    expect(await page.locator('#cs-session').count()).toBe(1);
  });
});
