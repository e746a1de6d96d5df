/** Every page in every state, in Chromium: axe-core finds nothing, nothing scrolls sideways, and the keyboard reaches it all. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES, type Language } from '../../plugin/config.js';
import { PanelError } from '../../plugin/errors.js';
import { PASSWORD, startWeb, type TestWeb } from '../web/app.js';
import { community, localOf, NOW, ranked, SERF_AWAY, SERF_UP } from '../web/fake-panel.js';
import { startBrowser } from './fronts.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const GRID_MS = 90_000;

let web: TestWeb;
let base: string;
let browser: Browser;

beforeAll(async () => {
  web = await startWeb();
  base = `${await web.app.listen({ host: '127.0.46.9', port: 0 })}/`;
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await web?.app.close();
});

const unit = (state: 'running' | 'stopped' | 'failed') => localOf({ unit: 'unbound.service', state, enabled: true });
const first = () => community('dnsservice')[0]?.provider.id ?? '';
const PROVIDER = () => `services/dnsservice/providers/${first()}`;
const nothing = () => web.panel.lists.clear();

/** By what is to be seen: the address, and what the panel is made to be before; every state begins as `fresh` leaves it. */
const STATES: Readonly<Record<string, readonly [path: () => string, prepare?: () => unknown]>> = {
  'the first page': [() => ''],
  'the first page, an own service having failed': [() => '', () => web.panel.states.set('dnsservice', unit('failed'))],
  'the first page, Serf away': [() => '', () => (web.panel.sourceList = [SERF_AWAY])],
  'the first page, with nobody around': [() => '', nothing],
  'a list in which everything occurs': [() => 'services/dnsservice'],
  'a list, filtered and sorted': [() => 'services/dnsservice?reachable=yes&source=avahi&sort=rtt'],
  'a list in which nothing matches': [() => 'services/dnsservice?q=zzz'],
  'a page of a long list': [
    () => 'services/dnsservice?rows=10&page=2',
    () =>
      web.panel.lists.set(
        'dnsservice',
        community('dnsservice').map((one, at) => ({ ...one, hidden: at > 27 })),
      ),
  ],
  'a list of none': [() => 'services/syncthing'],
  'a list while a scan runs': [() => 'services/dnsservice', () => web.panel.scan('dnsservice')],
  'a list with an own service that runs': [
    () => 'services/dnsservice',
    () => web.panel.states.set('dnsservice', unit('running')),
  ],
  'a provider': [PROVIDER],
  'a provider with a history': [
    PROVIDER,
    () => {
      const tried = { provider: first(), type: 'dnsservice', bytes: 400, level: 4 as const, reason: null, facts: {} };
      const samples = [{ metric: 'answer', value: 12.5, method: 'udp' }];
      for (const hours of [1, 30, 60]) web.panel.store.attempts.add({ ...tried, samples, at: NOW - hours * 3_600_000 });
      web.panel.store.history.note('dnsservice', first(), 71);
    },
  ],
  'a provider that fails': [() => `services/dnsservice/providers/${community('dnsservice')[19]?.provider.id}`],
  'a provider while another job holds it': [PROVIDER, () => web.panel.connect('dnsservice', first())],
  'a running job': [() => `jobs/${web.panel.scan('dnsservice').id}`],
  'a job that failed': [
    () => `jobs/${web.panel.store.events.newest(1)[0]?.job ?? ''}`,
    async () => {
      const { id } = web.panel.own.act('dnsservice', 'start');
      // A job begins its work a moment after it was asked for.
      await nextTurn();
      await web.panel.end(new PanelError('unit-failed', 'It exited with 1.', 'Look at its log.'));
      const about = { type: 'dnsservice', provider: null, job: id, by: 'owner' as const, name: '' };
      web.panel.store.events.add({ ...about, what: 'start', result: 'failed' });
    },
  ],
  'the log of a unit': [() => 'services/dnsservice/log', () => web.panel.states.set('dnsservice', unit('running'))],
  'the question before a stop': [() => 'services/tincvpn/confirm/stop'],
  'what was done': [() => 'events'],
  'the help': [() => 'help'],
  'why something is not listed': [() => 'help/not-listed?node=node7&type=dnsservice'],
  'the login': [() => 'login'],
  'an address that leads nowhere': [() => 'nothing'],
};

async function fresh(): Promise<void> {
  const { panel } = web;
  if (panel.jobs.running().length > 0) await panel.end();
  panel.lists.clear();
  panel.lists.set('dnsservice', community('dnsservice'));
  panel.lists.set('Docker', [ranked('Docker', 1)]);
  panel.states.clear();
  panel.sourceList = [SERF_UP];
}

interface Look {
  readonly language?: Language;
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly scripts?: boolean;
}

async function asOwner(
  { language = 'en', scheme = 'light', width = 1280, scripts = true }: Look,
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    ...{ colorScheme: scheme, locale: language, viewport: { width, height: 800 }, javaScriptEnabled: scripts },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  try {
    await page.goto(`${base}login`);
    await page.fill('input[name=password]', PASSWORD);
    await page.click('form[action$="/login"] button');
    await page.waitForSelector('form[action$="/logout"]');
    await use(page, context);
  } finally {
    await context.close();
  }
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds wrong, in words; by evaluation, because the page's own policy lets no foreign script in. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as { violations: Violation[] };
  return found.violations.flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html} ${one.failureSummary}`));
}

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const SCHEMES = ['light', 'dark'] as const;
/** Every pair of language, scheme and width, not every triple: the three do not meddle with each other. */
const GRID = LANGUAGES.flatMap((language, index) =>
  [320, 1280].map((width, nth) => ({ language, scheme: SCHEMES[(index + nth) % 2] ?? 'light', width })),
);

describe('every page in every state', () => {
  it.each(GRID)(
    'is accessible and fits, in $language, $scheme, at $width px',
    async (grid) => {
      await asOwner(grid, async (page) => {
        const wrong: string[] = [];
        for (const [name, [path, prepare]] of Object.entries(STATES)) {
          await fresh();
          await prepare?.();
          await page.goto(base + path());
          wrong.push(...(await violations(page)).map((one) => `${name}: ${one}`));
          if ((await overflow(page)) > 0) wrong.push(`${name} scrolls sideways`);
        }
        expect(wrong).toEqual([]);
      });
    },
    GRID_MS,
  );
});

describe('a finger', () => {
  it(
    'has 44 px for everything that stands alone, at 320 px',
    async () => {
      await asOwner({ width: 320 }, async (page) => {
        for (const [name, [path, prepare]] of Object.entries(STATES)) {
          await fresh();
          await prepare?.();
          await page.goto(base + path());
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
              }))
              .filter(({ box }) => box.width > 0 && (box.height < 43.5 || box.width < 24))
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
    await asOwner({ width: 320 }, async (page) => {
      await fresh();
      web.panel.states.set('dnsservice', unit('running'));
      await page.goto(`${base}services/dnsservice?rows=10&page=2`);
      const controls = await page.evaluate(() => {
        const all = [
          ...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary'),
        ];
        const seen = all.filter((one) => one.getClientRects().length > 0);
        for (const [at, one] of seen.entries()) one.setAttribute('data-at', String(at));
        return seen.length;
      });
      const visited: string[] = [];
      for (let press = 0; press < controls; press++) {
        await page.keyboard.press('Tab');
        const [at, outline] = await page.evaluate(() => {
          const one = document.activeElement as HTMLElement;
          return [one.getAttribute('data-at') ?? one.outerHTML, getComputedStyle(one).outlineStyle];
        });
        expect(outline, at).toBe('solid');
        visited.push(at);
      }
      expect(visited).toEqual(Array.from({ length: controls }, (_, at) => String(at)));
    });
  });

  it('keeps its place when the list is filtered, turned over and redrawn by a scan', async () => {
    await asOwner({}, async (page) => {
      await fresh();
      await page.goto(`${base}services/dnsservice?rows=10`);
      const focused = () => page.evaluate(() => document.activeElement?.id);
      await page.focus('#cs-by-reachable');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#cs-by-reachable[aria-current]');
      expect(await focused()).toBe('cs-by-reachable');
      expect(page.url()).toBe(`${base}services/dnsservice?reachable=yes&rows=10`);
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

it('the end of a scan is announced once, by a live region that was there before', async () => {
  await asOwner({}, async (page) => {
    await fresh();
    web.panel.scan('dnsservice');
    await page.goto(`${base}services/dnsservice`);
    const status = page.locator('.cs-progress [role=status]');
    expect(await status.textContent()).toBe('Scan of DNS server: Running');
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
