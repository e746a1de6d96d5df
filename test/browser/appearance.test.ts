/** Light, dark or as the system: each choice gives the ground expected, by a form that needs no scripts and no login. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { startBrowser } from './fronts.js';
import { asReader } from './look.js';

const LIGHT = 'rgb(245, 246, 242)';
const DARK = 'rgb(17, 24, 27)';

let web: TestWeb;
let base: string;
let browser: Browser;

beforeAll(async () => {
  web = await startWeb({ prefix: '/cloudy' });
  base = `${await web.app.listen({ host: '127.0.46.12', port: 0 })}/cloudy/`;
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

/** The ground of the page, how its own parts are to be drawn, and which choice is marked as the present one. */
function lookOf(page: Page) {
  return page.$eval('.cs', (panel) => ({
    ground: getComputedStyle(panel).backgroundColor,
    scheme: getComputedStyle(panel).colorScheme,
    chosen: panel.querySelector('[name=appearance][aria-current]')?.getAttribute('value'),
  }));
}

it.each(['light', 'dark'] as const)(
  'a page follows a %s system, and the person before it, also on the next page',
  async (scheme) => {
    await asReader({ browser }, { scheme, scripts: false }, async (page) => {
      await page.goto(`${base}services/dnsservice?sort=name`);
      const light = { ground: LIGHT, scheme: 'light' };
      const dark = { ground: DARK, scheme: 'dark' };
      const system = { ...(scheme === 'dark' ? dark : light), chosen: 'system' };
      expect(await lookOf(page)).toEqual(system);
      for (const [choice, look] of [
        ['dark', { ...dark, chosen: 'dark' }],
        ['light', { ...light, chosen: 'light' }],
        ['system', system],
        ['dark', { ...dark, chosen: 'dark' }],
      ] as const) {
        await page.click('.cs-menu > summary');
        await page.click(`button[name=appearance][value=${choice}]`);
        expect(page.url()).toBe(`${base}services/dnsservice?sort=name`);
        expect(await lookOf(page)).toEqual(look);
      }
      await page.goto(`${base}help`);
      expect(await lookOf(page)).toEqual({ ...dark, chosen: 'dark' });
      // On paper no choice costs ink.
      await page.emulateMedia({ media: 'print' });
      expect(await lookOf(page)).toMatchObject({ ground: 'rgb(255, 255, 255)', scheme: 'light' });
    });
  },
);
