/** Two styles on one page: the panel's changes nothing of Cloudy's page, and Cloudy's nothing of the panel. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CdistroHost } from '../real/cdistro-host.js';
import { ownLogin, startBrowser, startDemo } from './fronts.js';
import { overflow } from './look.js';

let folder: string;
let daemon: Awaited<ReturnType<typeof startDemo>>;
let host: CdistroHost;
let browser: Browser;
let pages: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdistro-'));
  const socket = join(folder, 'panel.sock');
  daemon = await startDemo(folder, { socket });
  host = await CdistroHost.start({ folder, socket, address: '127.0.49.1' });
  browser = await startBrowser();
  await daemon.panel.jobs.ended(daemon.panel.scan('proxy3').id);
  const { best, ranked } = await daemon.panel.type('proxy3');
  const two = ranked.slice(0, 2).map(({ provider }) => `p=${provider.id}`);
  pages = [
    ...['', 'services/proxy3', `services/proxy3/providers/${best?.provider.id}`, 'jobs/no-such-job'],
    ...['search?q=proxy', `services/proxy3/compare?${two.join('&')}`],
  ];
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await host?.close();
  await daemon?.close();
  rmSync(folder, { recursive: true });
});

type Styles = Record<string, Record<string, string>>;

/** What the browser made of the elements: by path below the body of the page or of the panel, every property or the named ones. */
function stylesOf(page: Page, selector: string, properties: readonly string[] = []): Promise<Styles> {
  return page.$$eval(
    selector,
    (elements, names) => {
      const step = (element: Element): string => {
        const { parentElement: parent, classList } = element;
        // What htmx marks while it asks has no look, and is there on one page when it is gone on the other.
        const classes = [...classList].filter((name) => !name.startsWith('htmx-'));
        const own = [element.tagName.toLowerCase(), ...classes].join('.');
        if (parent === null || element === document.body || parent.matches('body, .cs, .cs > header, #cs-main'))
          return own;
        return `${step(parent)} ${own}:${[...parent.children].indexOf(element)}`;
      };
      const of = (element: Element) => {
        const style = getComputedStyle(element);
        const wanted = names.length > 0 ? names : [...style];
        return Object.fromEntries(wanted.map((name) => [name, style.getPropertyValue(name)]));
      };
      return Object.fromEntries(elements.map((element) => [step(element), of(element)]));
    },
    properties,
  );
}

/** What of an element is its look; sizes that follow from the room it has are left out. */
const LOOK = [
  ...['font-family', 'font-size', 'font-weight', 'font-style', 'line-height', 'letter-spacing', 'text-rendering'],
  ...['color', 'background-color', 'opacity', 'box-shadow', 'text-shadow', 'cursor', 'transition-duration'],
  ...['text-align', 'text-decoration-line', 'text-transform', 'text-indent', 'white-space', 'word-break'],
  ...['overflow-wrap', 'vertical-align', 'display', 'box-sizing', 'position', 'float', 'list-style-type'],
  ...['margin-top', 'margin-right', 'margin-bottom', 'margin-left', 'min-height', 'min-width', 'max-width'],
  ...['padding-top', 'padding-right', 'padding-bottom', 'padding-left'],
  ...['border-top-width', 'border-right-width', 'border-bottom-width', 'border-left-width'],
  ...['border-top-color', 'border-bottom-style', 'border-top-left-radius', 'border-collapse', 'border-spacing'],
  ...['outline-width', 'outline-style', 'outline-offset', 'fill', 'stroke', 'stroke-width'],
];

/** Without the line that is as long as its time of day. */
const PARTS = '#cs-main *:not(.cs-pulse), .cs-banner, .cs-banner *';
const HOST_PARTS = 'body, .navbar, .navbar *, .container, .hero-unit, body > footer, body > footer *';

/** Shows what is folded away, but not the menu of the head, which would cover it. */
const unfold = (page: Page) =>
  page.$$eval('#cs-main details', (all: HTMLDetailsElement[]) => {
    for (const one of all) one.open = true;
  });

/** Cloudy's page is light whatever is wanted, and so is the panel inside of it. */
const LIGHT = 'light';

async function open(width: number, scheme: 'light' | 'dark'): Promise<Page> {
  const viewport = { width, height: 900 };
  return (await browser.newContext({ viewport, locale: 'en', colorScheme: scheme })).newPage();
}

describe.each(['light', 'dark'] as const)('where a %s page is wanted', (scheme) => {
  it('nothing of Cloudy’s page outside the panel looks other than without it', async () => {
    const page = await open(1280, scheme);
    await host.logIn(page);
    await page.goto(host.home);
    const without = await stylesOf(page, HOST_PARTS);
    expect(Object.keys(without).length).toBeGreaterThan(25);
    for (const path of pages) {
      await page.goto(host.url(path));
      await page.waitForSelector('.cs');
      expect(differences(await stylesOf(page, HOST_PARTS), without)).toEqual([]);
    }
  });

  it('nothing of the panel looks other than on a page of its own', async () => {
    const inside = await open(1280, scheme);
    await host.logIn(inside);
    await inside.goto(host.url(''));
    const [room, padding] = await inside.locator('.cs').evaluate((panel) => {
      return [panel.clientWidth, getComputedStyle(panel).padding] as const;
    });
    const alone = await open(room, LIGHT);
    await ownLogin((path) => `${daemon.url}${path}`).logIn(alone);
    for (const path of pages) {
      await Promise.all([inside.goto(host.url(path)), alone.goto(`${daemon.url}${path}`)]);
      // As wide as there: the panel arranges itself by its room.
      await alone
        .locator('.cs')
        .evaluate((panel: HTMLElement, value) => panel.style.setProperty('padding', value), padding);
      await Promise.all([inside, alone].map(unfold));
      const [there, here] = [await stylesOf(inside, PARTS, LOOK), await stylesOf(alone, PARTS, LOOK)];
      expect(Object.keys(there)).toEqual(Object.keys(here));
      expect(differences(there, here), path).toEqual([]);
    }
  }, 120_000);

  it('links, buttons and fields look the same there under the pointer and with the focus', async () => {
    const [inside, alone] = [await open(1280, scheme), await open(1280, LIGHT)];
    await host.logIn(inside);
    await ownLogin((path) => `${daemon.url}${path}`).logIn(alone);
    const path = pages[2] ?? '';
    await Promise.all([inside.goto(host.url(path)), alone.goto(`${daemon.url}${path}`)]);
    await Promise.all([inside, alone].map(unfold));
    for (const part of [
      '#cs-main a',
      '#cs-main button',
      '#cs-main summary',
      '.cs-stars button',
      '.cs-stars svg',
      '.cs-mark-button',
      '#opinion textarea',
      '#opinion select',
      '#opinion input[name=runBy]',
    ]) {
      const looks = [];
      for (const page of [inside, alone]) {
        await page.locator(part).first().focus();
        await page.locator(part).first().hover();
        const found = await page
          .locator(part)
          .first()
          .evaluate((element, names) => {
            const style = getComputedStyle(element);
            return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
          }, LOOK);
        looks.push(found);
      }
      expect(differences({ [part]: looks[0] ?? {} }, { [part]: looks[1] ?? {} })).toEqual([]);
    }
  });
});

it.each([1280, 400])(
  'there is one frame, %i px wide or less, and nothing is wider, however long its lines',
  async (width) => {
    const page = await open(width, 'light');
    await host.logIn(page);
    const dns = (await daemon.panel.type('dnsservice')).ranked[0]?.provider.id;
    for (const path of [...pages, `services/dnsservice/providers/${dns}`]) {
      await page.goto(host.url(path));
      const sides = await page.evaluate(() => {
        for (const one of document.querySelectorAll('details')) one.open = true;
        const of = (selector: string) => document.querySelector(selector)?.getBoundingClientRect();
        const [frame, panel] = [of('.hero-unit'), of('.cs')];
        return { frame: [frame?.left, frame?.right, frame?.bottom], panel: [panel?.left, panel?.right, panel?.bottom] };
      });
      expect(sides.panel).toEqual(sides.frame);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
    }
  },
);

it('what says that the panel does not answer looks like a message of the panel', async () => {
  const page = await open(1280, 'light');
  await host.logIn(page);
  await page.goto(host.url('services/proxy3'));
  renameSync(join(folder, 'panel.sock'), join(folder, 'away'));
  try {
    await page.click('form[action$="/scan"] button');
    const message = page.locator('#cs-message > .cs-alert', { hasText: 'does not answer' });
    await message.waitFor();
    // Each request that fails puts it there anew.
    const ground = () => message.evaluate((part) => getComputedStyle(part).backgroundColor);
    await expect.poll(ground).toBe('rgb(255, 255, 255)');
  } finally {
    renameSync(join(folder, 'away'), join(folder, 'panel.sock'));
  }
});

/** Of what holds the page's content: it is as tall as that, and its middle lies elsewhere. */
const HEIGHTS = /^(body|div\.container)\S*( \S+)* (block-size|height|perspective-origin|transform-origin)$/;

/** `element property: what it is, not what it should be`. */
function differences(found: Styles, wanted: Styles): string[] {
  return Object.entries(found).flatMap(([path, style]) =>
    Object.entries(style)
      .filter(([name, value]) => value !== wanted[path]?.[name] && !HEIGHTS.test(`${path} ${name}`))
      .map(([name, value]) => `${path} ${name}: ${value}, not ${wanted[path]?.[name]}`),
  );
}
