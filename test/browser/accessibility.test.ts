/** The panel under a finger, from the keyboard and to who listens, in Chromium. */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../web/app.js';
import { startBrowser } from './fronts.js';
import { asOwner, type Way } from './look.js';
import { type Situations, situations } from './states.js';

const GRID_MS = 90_000;

let web: TestWeb;
let way: Way;
let browser: Browser;
let here: Situations;

beforeAll(async () => {
  web = await startWeb();
  browser = await startBrowser();
  way = { browser, base: `${await web.app.listen({ host: '127.0.46.9', port: 0 })}/` };
  here = situations(web);
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

describe('a finger', () => {
  it(
    'has 44 px for everything that stands alone, and 24 px for what is little used, at 320 px',
    async () => {
      await asOwner(way, { width: 320 }, async (page) => {
        for (const [name, { path, prepare }] of Object.entries(here.owner)) {
          await here.fresh();
          await prepare?.();
          await page.goto(way.base + path());
          // A link inside a sentence is as tall as its line (WCAG 2.5.5, inline).
          const small = await page.evaluate(() =>
            [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
              .filter((one) => {
                const isInline = one.tagName === 'A' && getComputedStyle(one).display === 'inline';
                const alone = one.parentElement?.textContent?.trim() === one.textContent?.trim();
                // The whole card answers to its link, and the way past the header is seen by the keyboard only.
                return !one.matches('.cs-cover, .cs-skip') && !(isInline && !alone);
              })
              .map((one) => ({
                one: one.closest('label') ?? one,
                box: (one.closest('label') ?? one).getBoundingClientRect(),
                // The quiet counts of a card; and in the diagram a dot, whose link stands below in full height too.
                least: one.matches('.cs-counts a, .cs-map a') ? 24 : 43.5,
              }))
              .filter(({ box, least }) => box.width > 0 && (box.height < least || box.width < 24))
              .map(
                ({ one, box }) => `${one.outerHTML.slice(0, 90)} ${Math.round(box.width)}×${Math.round(box.height)}`,
              ),
          );
          expect(small, name).toEqual([]);
        }
      });
    },
    GRID_MS,
  );
});

describe('the keyboard', () => {
  it('reaches every control in the order of the page, and the eye sees where it is', async () => {
    await asOwner(way, { width: 320 }, async (page) => {
      await here.fresh();
      here.owner['a list with an own service that runs']?.prepare?.();
      await page.goto(`${way.base}services/dnsservice?rows=10&page=2`);
      const controls = await page.evaluate(() => {
        const all = [
          ...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary'),
        ];
        const seen = all.filter((one) => one.checkVisibility());
        for (const [at, one] of seen.entries()) one.setAttribute('data-at', String(at));
        return seen.length;
      });
      const visited: string[] = [];
      for (let press = 0; press < controls; press++) {
        await page.keyboard.press('Tab');
        const [at, outline] = await page.evaluate(() => {
          const one = document.activeElement as HTMLElement;
          const at = one.getAttribute('data-at') ?? one.outerHTML;
          // A dot of the diagram has a circle around it instead.
          const circle = one.matches('.cs-map a') && one.querySelector('.cs-touch');
          if (!circle) return [at, getComputedStyle(one).outlineStyle];
          const { stroke, strokeWidth } = getComputedStyle(circle);
          return [at, stroke !== 'none' && strokeWidth === '3px' ? 'solid' : stroke];
        });
        expect(outline, at).toBe('solid');
        visited.push(at);
      }
      expect(visited).toEqual(Array.from({ length: controls }, (_, at) => String(at)));
    });
  });

  it('keeps its place when the list is filtered, turned over and redrawn by a scan', async () => {
    await asOwner(way, {}, async (page) => {
      await here.fresh();
      await page.goto(`${way.base}services/dnsservice?rows=10`);
      const focused = () => page.evaluate(() => document.activeElement?.id);
      await page.focus('#cs-by-reachable');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#cs-by-reachable[aria-current]');
      expect(await focused()).toBe('cs-by-reachable');
      expect(page.url()).toBe(`${way.base}services/dnsservice?reachable=yes&rows=10`);
      await page.focus('#cs-next');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#cs-next[aria-disabled]');
      expect(await focused()).toBe('cs-next');
      web.panel.scan('dnsservice');
      await page.evaluate(() => document.getElementById('cs-pulse')?.dispatchEvent(new Event('cs-again')));
      await page.waitForSelector('#type[hx-get] progress');
      expect(await focused()).toBe('cs-next');
      await page.keyboard.press('/');
      expect(await focused()).toBe('cs-q');
      await page.keyboard.type('node1');
      await page.waitForURL('**?q=node1&reachable=yes&rows=10');
      web.panel.handle?.progress(20);
      await page.waitForFunction(() => document.querySelector('.cs-progress')?.textContent?.includes('20 of 30'));
      expect([await focused(), await page.inputValue('#cs-q')]).toEqual(['cs-q', 'node1']);
    });
  });
});

describe('the button that begins a scan', () => {
  it('has the keyboard’s place again when the scan is over, unless that has gone on', async () => {
    await asOwner(way, {}, async (page) => {
      await here.fresh();
      await page.goto(`${way.base}services/dnsservice`);
      const focused = () => page.evaluate(() => document.activeElement?.id);
      const scan = async (meanwhile: () => Promise<unknown>) => {
        await page.focus('#cs-scan');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#type[hx-get] progress');
        await meanwhile();
        await web.panel.end();
        await page.waitForSelector('#type:not([hx-get]) #cs-scan');
      };
      await scan(async () => web.panel.handle?.progress(12));
      await page.waitForFunction(() => document.activeElement?.id === 'cs-scan');
      await scan(() => page.focus('#cs-q'));
      expect(await focused()).toBe('cs-q');
    });
  });
});

it('the end of a scan is announced once, by a live region that was there before', async () => {
  await asOwner(way, {}, async (page) => {
    await here.fresh();
    web.panel.scan('dnsservice');
    await page.goto(`${way.base}services/dnsservice`);
    const status = page.locator('.cs-progress [role=status]');
    expect(await status.textContent()).toBe('Scan of DNS server…');
    await status.evaluate((element) => element.setAttribute('data-same', 'yes'));
    await page.evaluate(() => {
      const region = document.querySelector('.cs-progress [role=status]') as HTMLElement;
      const heard: string[] = [];
      Object.assign(window, { heard });
      const hear = () => heard.push(region.textContent ?? '');
      new MutationObserver(hear).observe(region, { childList: true, characterData: true, subtree: true });
    });
    web.panel.handle?.progress(12);
    await page.waitForFunction(() => document.querySelector('.cs-progress')?.textContent?.includes('12 of 30'));
    await web.panel.end();
    await page.waitForSelector('#type:not([hx-get])');
    expect(await page.evaluate('window.heard')).toEqual(['Scan of DNS server: Done']);
  });
});
