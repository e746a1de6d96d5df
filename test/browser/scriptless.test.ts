/** Without scripts, on a phone and in Catalan: every page is whole and accessible, and everything can be done by its forms and links. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { startBrowser } from './fronts.js';
import { asOwner, asReader, overflow, troubles, violations, type Way } from './look.js';
import { type Situations, type States, situations } from './states.js';

const PHONE = { language: 'ca', width: 320, scripts: false } as const;
/** Some seventy states, each opened anew: seconds for each where other browsers share the cores. */
const WALK_MS = 300_000;

let web: TestWeb;
let way: Way;
let browser: Browser;
let here: Situations;

beforeAll(async () => {
  web = await startWeb();
  browser = await startBrowser();
  way = { browser, base: `${await web.app.listen({ host: '127.0.46.11', port: 0 })}/` };
  here = situations(web);
});
beforeEach(() => here.fresh());
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

/** What can be seen and would do nothing: a button that sends no form, something that only htmx makes a link of. */
const dead = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, [hx-get], [hx-post]')]
      .filter((one) => one.checkVisibility() && !one.matches('form[action], section, .cs-pulse'))
      .filter((one) => one.closest('form[action]') === null || one.getAttribute('type') === 'button')
      .map((one) => one.outerHTML),
  );

/** What is wrong with the states, each judged where it stands. */
async function faults(page: Page, states: States, judge: () => Promise<string[]>): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, { path, prepare, act }] of Object.entries(states)) {
    await here.fresh();
    await prepare?.();
    await page.goto(way.base + path());
    await act?.(page);
    wrong.push(...(await judge()).map((one) => `${name}: ${one}`));
  }
  return wrong;
}

const whole = (page: Page) => {
  const complaints = troubles(page, new URL(way.base).origin);
  return async () => {
    const follows = (await page.locator('section[hx-get][hx-trigger^="every"]').count()) > 0;
    // A list is not taken from under who reads it: it leads to the job, whose page comes back every two seconds.
    const comesBack = (await page.locator('meta[http-equiv=refresh], #cs-main a[href*="/jobs/"]').count()) > 0;
    const wrong = [...(await dead(page)), ...complaints.splice(0)];
    if (follows && !comesBack) wrong.push('neither goes on by itself nor leads to what does');
    if ((await overflow(page)) > 0) wrong.push('scrolls sideways');
    return wrong;
  };
};

describe('without scripts', () => {
  it(
    'every page is whole and as wide as the phone, nothing on it is dead, and what goes on can be followed',
    async () => {
      await asOwner(way, PHONE, async (page) => expect(await faults(page, here.owner, whole(page))).toEqual([]));
      await asReader(way, PHONE, async (page) => expect(await faults(page, here.reader, whole(page))).toEqual([]));
    },
    WALK_MS,
  );

  // Where scripts are off, axe-core is too: here only those of the panel are kept away.
  it(
    'every page is accessible',
    async () => {
      const accessible = async (page: Page, states: States) => {
        await page.route('**/*.js?*', (route) => route.abort());
        expect(await faults(page, states, () => violations(page))).toEqual([]);
      };
      const look = { ...PHONE, scripts: true };
      await asOwner(way, look, (page) => accessible(page, here.owner));
      await asReader(way, look, (page) => accessible(page, here.reader));
    },
    WALK_MS,
  );

  it('a list is searched, filtered and sorted', async () => {
    await asReader(way, PHONE, async (page) => {
      await page.goto(`${way.base}services/dnsservice`);
      const rows = page.locator('.cs-row');
      expect(await rows.count()).toBe(30);
      await page.fill('#cs-q', 'node1');
      await page.press('#cs-q', 'Enter');
      await page.waitForURL('**?q=node1');
      expect(await rows.count()).toBe(11);
      await page.click('.cs-fold summary');
      await page.click('#cs-by-reachable');
      await page.waitForURL('**reachable=yes');
      expect(await rows.count()).toBe(8);
      await page.click('#cs-order-name');
      await page.waitForURL('**sort=name**');
      expect(await page.locator('th[aria-sort=ascending] > #cs-order-name').isVisible()).toBe(true);
    });
  });

  it('a scan is started, followed to its end and left by the way back', async () => {
    await asOwner(way, PHONE, async (page) => {
      await page.goto(`${way.base}services/dnsservice`);
      await page.click('form[action$="/scan"] button');
      await page.waitForURL('**/jobs/*');
      const progress = page.locator('.cs-progress');
      web.panel.handle?.progress(12);
      await progress.filter({ hasText: '12 de 30' }).waitFor();
      await web.panel.end();
      await progress.filter({ hasText: 'Fet' }).waitFor();
      await page.click('#job .cs-button');
      await page.waitForURL('**/services/dnsservice');
    });
  });

  it('an own service is started, announced and looked at, and a scan cancelled', async () => {
    await asOwner(way, PHONE, async (page) => {
      await here.owner['a list with an own service that runs']?.prepare?.();
      const list = `${way.base}services/dnsservice`;
      await page.goto(list);
      for (const verb of ['stop', 'disable']) {
        await page.goto(list);
        await page.click(`form[action*="/${verb}"] button`);
        await page.waitForURL('**/jobs/*');
        await web.panel.end();
      }
      await page.goto(list);
      await page.click('.cs-own a[href*="announce="]');
      await page.fill('#cs-publish-description', 'El DNS de la plaça');
      await page.click('#publish button:not([formmethod])');
      await page.waitForURL('**/jobs/*');
      expect(web.panel.jobs.running().map(({ kind }) => kind)).toEqual(['publish']);
      await web.panel.end();
      await page.goto(list);
      await page.click('form[action$="/scan"] button');
      await page.waitForURL('**/jobs/*');
      await page.click('form[action$="/cancel"] button');
      await page.locator('.cs-progress', { hasText: 'Cancel·lat' }).waitFor();
    });
  });
});
