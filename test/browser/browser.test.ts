/** The daemon with its demo community in Debian's Chromium, at 320 px: an owner's walks, the same behind every front. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLocales } from '../../plugin/present/i18n.js';
import { StandIn } from '../node/stand-in.js';
import { FRONTS, type Front, startBrowser, withPage } from './fronts.js';

/** The demo's hanging members keep a scan waiting for the probes' own limits. */
const SCAN_MS = 30_000;
const WALK_MS = 2 * SCAN_MS;
const UNIT = 'unbound.service';

let systemctl: StandIn;
let browser: Browser;

beforeAll(async () => {
  systemctl = new StandIn();
  systemctl.unit(UNIT, 'active', { UnitFileState: 'enabled' });
  systemctl.turns('stop', UNIT, 'stopped');
  systemctl.turns('start', UNIT, 'running');
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  systemctl.remove();
});

/** Sideways scrolling at 320 px, in pixels. */
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.each(FRONTS)('in a browser, %s', (_, start) => {
  let folder: string;
  let front: Front;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'browser-'));
    front = await start(folder);
  });
  afterAll(async () => {
    await front?.close();
    rmSync(folder, { recursive: true });
  });

  const walk = (scripts: boolean, use: (page: Page) => Promise<void>) =>
    withPage(browser, front, scripts, async (page) => {
      await front.logIn(page);
      await use(page);
    });

  it(
    'a scan shows its results as they come, and the page stops asking when it has ended',
    async () => {
      await walk(true, async (page) => {
        await page.goto(front.url('services/dnsservice'));
        await page.click('form[action$="/scan"] button');
        await page.waitForSelector('#type[hx-get] progress');
        await page.waitForSelector('#type:not([hx-get]) .cs-recommended', { timeout: SCAN_MS });
        // Only the part that changes came, however often: no page inside the page.
        expect(await page.locator('#type, .cs').count()).toBe(2);
        const rows = page.locator('.cs-table tbody tr');
        expect(await rows.first().getAttribute('class')).toContain('cs-row-good');
        expect(await rows.last().textContent()).toMatch(/no answer|closed|refuse|answers/i);
        expect(await overflow(page)).toBe(0);
        await page.click('.cs-recommended .cs-who a');
        await page.waitForURL('**/providers/*');
        expect(await overflow(page)).toBe(0);
      });
    },
    WALK_MS,
  );

  it(
    'a scan works with scripts off: its own page refreshes itself and leads back',
    async () => {
      await walk(false, async (page) => {
        await page.goto(front.url('services/dnsservice'));
        await page.click('form[action$="/scan"] button');
        await page.waitForURL('**/jobs/*');
        await page.waitForSelector('#job:not(:has(progress))', { timeout: SCAN_MS });
        await page.click('#job > p a');
        await page.waitForURL('**/services/dnsservice');
        expect(await page.locator('.cs-recommended').count()).toBe(1);
      });
    },
    WALK_MS,
  );

  it('the own service is stopped with scripts on, and started with scripts off', async () => {
    const own = (verb: string) => `.cs-unit form[action$="/${verb}"] button`;
    await walk(true, async (page) => {
      await page.goto(front.url('services/dnsservice'));
      await page.click(own('stop'));
      await page.waitForSelector(own('start'));
    });
    await walk(false, async (page) => {
      await page.goto(front.url('services/dnsservice'));
      await page.click(own('start'));
      await page.waitForSelector('#job:not(:has(progress))');
      await page.click('#job > p a');
      await page.waitForSelector(own('stop'));
    });
    const acted = systemctl.calls().filter((words) => words[2] !== 'show');
    expect(acted.slice(-2).map((words) => words.slice(2).join(' '))).toEqual([`stop -- ${UNIT}`, `start -- ${UNIT}`]);
  });

  it('what the owner thinks is kept', async () => {
    await walk(true, async (page) => {
      await page.goto(front.url('services/syncthing'));
      await page.click('.cs-table .cs-who a');
      await page.waitForURL('**/providers/*');
      const own = page.locator('#opinion');
      await own.locator('#cs-star-4').click();
      await own.locator('#cs-star-4[aria-pressed=true]').waitFor();
      await own.locator('summary').click();
      await own.locator('textarea').fill('Ask for <b>Núria</b> & her “key”.\nIn the evening.');
      await own.locator('details button').click();
      await own.locator('[role=status] strong').waitFor();
      await page.reload();
      expect(await own.locator('#cs-star-4').getAttribute('aria-pressed')).toBe('true');
      expect(await own.locator('textarea').inputValue()).toBe('Ask for <b>Núria</b> & her “key”.\nIn the evening.');
    });
  });

  it('the first page says in the chosen language that this is a demo, and fits 320 px', async () => {
    await walk(true, async (page) => {
      for (const language of front.languages) {
        await front.choose(page, language);
        const { t } = loadLocales()(language);
        expect(await page.locator('.cs-demo').textContent()).toContain(t('demo.title.new'));
        expect(await page.locator('.cs h1').textContent()).toBe(t('page.home'));
        expect(await overflow(page)).toBe(0);
      }
    });
  });
});
