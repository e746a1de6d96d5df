/** The first minutes and the first page, counted in clicks: from the printed link to the steps of the best neighbour. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { firstRunCode, hasOwner } from '../../plugin/web/auth/password.js';
import { startBrowser } from './fronts.js';
import { overflow, violations } from './look.js';

// All of the community is scanned, those that never answer too, maybe while other tests keep the machine busy.
vi.setConfig({ testTimeout: 150_000 });

let browser: Browser;
let daemon: Awaited<ReturnType<typeof startDaemon>>;
let folder: string;
let base: string;

/** For the first of nine scans on a machine that has much else to do. */
const PATIENCE_MS = 120_000;

async function start(past: boolean): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'home-'));
  const config = { ...loadConfig({ env: {}, file: '' }), listen: { host: '127.0.0.1', port: 0 }, dataDir: folder };
  daemon = await startDaemon({ ...config, language: 'en' }, true, past);
  base = daemon.url as string;
}
afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

/** A page that counts what a person does on it. */
async function visit(
  use: (page: Page, did: (what: () => Promise<unknown>) => Promise<void>) => Promise<void>,
  scripts = true,
) {
  const viewport = { width: 390, height: 844 };
  const context = await browser.newContext({ viewport, locale: 'en', javaScriptEnabled: scripts });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  let actions = 0;
  const did = async (what: () => Promise<unknown>) => {
    actions += 1;
    await what();
  };
  try {
    await use(page, did);
    return actions;
  } finally {
    await context.close();
  }
}

const answers = (page: Page) => page.locator('.cs-service .cs-ring');

it('takes a new owner from the printed link to the first results in four actions, a wrong code aside', async () => {
  await start(false);
  const code = firstRunCode(daemon.panel.store.settings);
  const actions = await visit(async (page, did) => {
    await page.goto(`${base}login#code=aaaa-aaaa-aaaa`);
    await page.fill('#cs-password', 'four words in a row');
    await page.click('.cs-login button');
    await page.locator('.cs-login [role=alert]').waitFor();
    // What is right stays typed.
    expect(await page.inputValue('#cs-password')).toBe('four words in a row');
    expect(hasOwner(daemon.panel.store.settings)).toBe(false);
    await page.goto('about:blank');

    await did(() => page.goto(`${base}login#code=${code}`));
    expect(await page.inputValue('#cs-code')).toBe(code);
    expect(page.url()).not.toContain(code);
    await did(() => page.keyboard.type('four words in a row'));
    await did(() => page.keyboard.press('Enter'));
    await page.locator('#cs-scan-all').waitFor();
    await did(() => page.click('#cs-scan-all'));
    await answers(page).first().waitFor();
    // All of them, by that one click.
    expect(daemon.panel.jobs.running().length + daemon.panel.jobs.counts().length).toBeGreaterThan(0);
    await Promise.all(daemon.panel.jobs.running().map(({ id }) => daemon.panel.jobs.ended(id)));
    const { services } = await daemon.panel.overview();
    expect(services.filter(({ providers, measured }) => providers > 0 && measured === 0)).toEqual([]);
  });
  expect(actions).toBe(4);
});

it('shows three answers on a phone, and the steps of the best after one click, with scripts and without', async () => {
  await start(true);
  for (const scripts of [true, false]) {
    const actions = await visit(async (page, did) => {
      await page.goto(base);
      const bottoms = await answers(page).evaluateAll((all) => all.map((ring) => ring.getBoundingClientRect().bottom));
      expect(bottoms.filter((bottom) => bottom <= 844).length).toBeGreaterThanOrEqual(3);
      expect(await overflow(page)).toBe(0);
      expect(scripts ? await violations(page) : []).toEqual([]);
      const targets = await page
        .locator('#home :is(a, button)')
        .evaluateAll((all) =>
          all.map((one) => [one.textContent, Math.round(one.getBoundingClientRect().height)] as const),
        );
      expect(targets.filter(([, height]) => height < 24 && height > 0)).toEqual([]);
      await did(() => page.locator('.cs-service a.cs-button').first().click());
      await page.locator('#use').waitFor();
      expect(page.url()).toMatch(/#use$/);
    }, scripts);
    expect(actions).toBe(1);
  }
});
