/** How to use each type's best provider, on a phone: by device, in each language, by keyboard alone, and without scripts. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES } from '../../plugin/model/language.js';
import { startWeb, type TestWeb } from '../web/app.js';
import { ranked } from '../web/fake-panel.js';
import { startBrowser } from './fronts.js';
import { asReader, overflow, violations, type Way } from './look.js';

const ID = 'MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD';
const TUB = 'a2b3c4d5e6f7a2b3c4d5e6f7a2b3c4d5';
const LIMIT_MS = 120_000;

let web: TestWeb;
let browser: Browser;
let way: Way;
let types: readonly string[];

beforeAll(async () => {
  web = await startWeb();
  way = {
    browser: await startBrowser(),
    base: await web.app.listen({ host: '127.0.0.1', port: 0 }).then((at) => `${at}/`),
  };
  browser = way.browser;
  types = [...web.panel.services.types.map(({ id }) => id), 'Docker', 'webdav', 'ipfs', 'pastecat'];
  for (const type of types) {
    const txt = new Map([['node_id', type === 'syncthing' ? ID : TUB]]);
    const port = type === 'dnsservice' ? 53 : 8080;
    web.panel.lists.set(
      type,
      [1, 2, 3].map((index) => ranked(type, index, { recommended: index === 1, provider: { port, txt } })),
    );
  }
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

const path = (type: string) => `services/${type}/providers/${web.panel.lists.get(type)?.[0]?.provider.id}`;
const lines = (page: Page) => page.locator('#use .cs-copyable:has(.cs-copy-button:visible) .cs-copy').allTextContents();

describe.each(LANGUAGES)('in %s', (language) => {
  it(
    'every type’s steps fit a phone, are accessible, and offer only whole lines to be copied',
    () =>
      asReader(way, { language, width: 320 }, async (page) => {
        for (const type of types) {
          await page.goto(`${way.base}${path(type)}#use`);
          // Of several folds with one name only one is open: all are to be seen.
          await page.$$eval('#use details', (all) => {
            for (const one of all) one.removeAttribute('name');
            for (const one of all) one.setAttribute('open', '');
          });
          expect(await overflow(page), type).toBe(0);
          expect(await violations(page, '#use'), type).toEqual([]);
          const whole = await lines(page);
          expect(whole.length, type).toBeGreaterThanOrEqual(/owp|snpservice|Docker|tincvpn/.test(type) ? 0 : 1);
          expect(whole.join('\n'), type).not.toMatch(/<\w+>|\b(?:NAME|NET|USER|eth0)\b/);
        }
      }),
    LIMIT_MS,
  );
});

it.each(LANGUAGES)('tells in %s, on a phone, what follows the ranking', (language) =>
  asReader(way, { language, width: 320, scheme: 'dark' }, async (page) => {
    for (const type of ['dnsservice', 'owp', 'serf']) {
      await page.goto(`${way.base}services/${type}/follow`);
      expect(await overflow(page), type).toBe(0);
      expect(await violations(page), type).toEqual([]);
    }
  }),
);

it('opens the steps for a device by keyboard, one at a time, and keeps the choice', () =>
  asReader(way, { width: 390 }, async (page) => {
    await page.goto(`${way.base}${path('dnsservice')}`);
    const open = () =>
      page.locator('.cs-devices > details[open]').evaluateAll((all) => all.map((one) => one.dataset.on));
    expect(await open()).toEqual(['linux']);
    await page.locator('[data-on=phone] > summary').focus();
    await page.keyboard.press('Enter');
    expect(await open()).toEqual(['phone']);
    expect(await page.locator('#use .cs-qr').isVisible()).toBe(true);
    await page.goto(`${way.base}${path('proxy3')}`);
    expect(await open()).toEqual(['phone']);
  }));

const FILLED = [
  'cat /etc/tinc/mesh/hosts/anna',
  `echo 'Address = 10.139.40.1 8080' >> /etc/tinc/mesh/hosts/berta`,
  `echo 'ConnectTo = berta' >> /etc/tinc/mesh/tinc.conf`,
];

it('completes lines as they are typed, and lets them be copied once they are whole', () =>
  asReader(way, {}, async (page) => {
    await page.goto(`${way.base}${path('tincvpn')}`);
    expect(await lines(page)).toEqual([]);
    await page.locator('#cs-fill-net').focus();
    for (const word of ['mesh', 'anna', 'berta;reboot']) {
      await page.keyboard.type(word);
      await page.keyboard.press('Tab');
    }
    expect((await lines(page)).slice(-1)).toEqual(['systemctl enable tinc@mesh\nsystemctl restart tinc@mesh']);
    expect((await page.locator('#use').textContent()) ?? '').not.toContain('hosts/berta;');
    await page.fill('#cs-fill-peer', 'berta');
    // A new part of the page asks for nothing twice.
    await page.evaluate(() => document.dispatchEvent(new Event('htmx:after:swap')));
    expect(await lines(page)).toEqual(expect.arrayContaining(FILLED));
  }));

it('completes lines without scripts', () =>
  asReader(way, { scripts: false }, async (page) => {
    await page.goto(`${way.base}${path('tincvpn')}`);
    for (const [name, word] of Object.entries({ net: 'mesh', me: 'anna', peer: 'berta' }))
      await page.fill(`#cs-fill-${name}`, word);
    await page.click('.cs-fill button');
    expect(await page.locator('#use .cs-copy').allTextContents()).toEqual(expect.arrayContaining(FILLED));
    expect(new URL(page.url()).hash).toBe('#use');
  }));
