/** The daemon with its demo community in Debian's Chromium: the walk of an owner, with scripts and without. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config.js';
import { startDaemon } from '../../plugin/server.js';
import { setOwnerPassword } from '../../plugin/web/password.js';

const PASSWORD = 'a long enough password';
/** The demo's hanging members keep a scan waiting for the probes' own limits. */
const SCAN_MS = 30_000;

let folder: string;
let daemon: Awaited<ReturnType<typeof startDaemon>>;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'browser-'));
  const config = loadConfig({ env: {}, file: '' });
  daemon = await startDaemon(
    { ...config, listen: { host: '127.0.0.1', port: 0 }, basePath: '/cloudy/', dataDir: folder, language: 'en' },
    true,
  );
  await setOwnerPassword(daemon.panel.store.settings, PASSWORD);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
});

afterAll(async () => {
  await browser?.close();
  await daemon?.close();
  if (folder) rmSync(folder, { recursive: true });
});

async function withPage(scripts: boolean, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({
    javaScriptEnabled: scripts,
    locale: 'en',
    viewport: { width: 320, height: 800 },
  });
  const page = await context.newPage();
  const trouble: string[] = [];
  // Refusals of the content policy, failed loads and errors of scripts all end here.
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on(
    'request',
    (request) => request.url().startsWith(daemon.url ?? '?') || trouble.push(`left the node: ${request.url()}`),
  );
  try {
    await use(page);
    expect(trouble).toEqual([]);
  } finally {
    await context.close();
  }
}

const url = (path: string) => `${daemon.url}${path}`;

async function logIn(page: Page): Promise<void> {
  await page.goto(url('login?next=/cloudy/services/dnsservice'));
  await page.fill('input[name=password]', PASSWORD);
  await page.click('form[action$="/login"] button');
  await page.waitForURL('**/services/dnsservice');
}

/** Sideways scrolling at 320 px, in pixels. */
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe('in a browser, under a path of its own', () => {
  it('a scan shows its results as they come, and the page stops asking when it has ended', async () => {
    await withPage(true, async (page) => {
      await logIn(page);
      await page.click('form[action$="/scan"] button');
      await page.waitForSelector('#type[hx-get] progress');
      await page.waitForSelector('#type:not([hx-get]) .cs-recommended', { timeout: SCAN_MS });
      const first = page.locator('tbody tr').first();
      expect(await first.getAttribute('class')).toContain('cs-recommended');
      expect(await page.locator('tbody tr').last().textContent()).toMatch(/no answer|closed|refuse|answers/i);
      expect(await overflow(page)).toBe(0);
      await first.locator('a').first().click();
      await page.waitForURL('**/providers/*');
      expect(await overflow(page)).toBe(0);
    });
  });

  it('a scan works with scripts off: its own page refreshes itself and leads back', async () => {
    await withPage(false, async (page) => {
      await logIn(page);
      await page.click('form[action$="/scan"] button');
      await page.waitForURL('**/jobs/*');
      await page.waitForSelector('#job:not(:has(progress))', { timeout: SCAN_MS });
      await page.click('#job > p a');
      await page.waitForURL('**/services/dnsservice');
      expect(await page.locator('.cs-recommended').count()).toBe(1);
    });
  });

  it('the first page says that this is a demo, in the chosen language, and fits 320 px', async () => {
    await withPage(true, async (page) => {
      await page.goto(url(''));
      expect(await page.locator('.cs-demo').textContent()).toContain('This is a demo');
      await page.click('button[name=language][value=ca]');
      await page.waitForSelector('html[lang=ca]');
      expect(await overflow(page)).toBe(0);
    });
  });
});
