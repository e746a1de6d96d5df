/** Copy buttons in Debian's Chromium: on this machine, over plain HTTP from elsewhere, after a swap, and without scripts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { startBrowser } from './fronts.js';

const PASSWORD = 'a long enough password';
const ID = 'AIR6LPZ-7K4PTTV-UXQSMUU-CPQ5YWH-OEDFIIQ-JUG777G-2YQXXR5-YD6AWQR';

let folder: string;
let daemon: Awaited<ReturnType<typeof startDaemon>>;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'copy-'));
  // The Syncthing of whoever runs the tests is none of theirs.
  vi.stubEnv('HOME', folder);
  const providersFile = join(folder, 'providers');
  const entry = { s: 'syncthing', m: 'node7.guifi.local', i: '127.9.9.7', p: '22000', t: `node_id=${ID}` };
  writeFileSync(providersFile, JSON.stringify(entry));
  const config = {
    ...{ ...loadConfig({ env: {}, file: '' }), providersFile, language: 'en' as const, basePath: '/' },
    ...{ listen: { host: '127.0.0.1', port: 0 }, communityRanges: ['127.0.0.0/8'], dataDir: join(folder, 'data') },
    ...{ serfRpc: { host: '127.0.0.1', port: 1 }, avahi: 'off' as const, hosts: ['node.example'] },
  };
  mkdirSync(config.dataDir);
  daemon = await startDaemon(config, false);
  await setOwnerPassword(daemon.panel.store.settings, PASSWORD);
  browser = await startBrowser([
    // A name that is no loopback address: there, browsers keep the clipboard from pages without HTTPS.
    '--host-resolver-rules=MAP node.example 127.0.0.1',
  ]);
});

afterAll(async () => {
  await browser?.close();
  await daemon?.close();
  vi.unstubAllEnvs();
  if (folder) rmSync(folder, { recursive: true });
});

async function onPage(host: string, use: (page: Page) => Promise<void>, javaScriptEnabled = true): Promise<void> {
  const context = await browser.newContext({ locale: 'en', javaScriptEnabled, viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on('pageerror', ({ message }) => trouble.push(message));
  const [provider] = daemon.panel.discovery.providers('syncthing');
  const { port } = new URL(String(daemon.url));
  try {
    await page.goto(`http://${host}:${port}/login?next=/services/syncthing/providers/${provider?.id}`);
    await page.fill('input[name=password]', PASSWORD);
    await page.click('form[action$="/login"] button');
    await page.waitForSelector('#provider');
    await use(page);
    expect(trouble).toEqual([]);
  } finally {
    await context.close();
  }
}

/** Clicks the first copy button and returns what a paste gives, as the person would. */
async function copied(page: Page): Promise<string> {
  await page.locator('.cs-copy-button').first().click();
  await page.waitForFunction(() => document.getElementById('cs-told')?.textContent === 'Copied');
  expect(await page.locator('.cs-copy-button').first().textContent()).toBe('Copied');
  await page.evaluate(() => document.body.append(document.createElement('textarea')));
  const pasted = page.locator('textarea').last();
  await pasted.focus();
  await page.keyboard.press('Control+V');
  return pasted.inputValue();
}

describe('a copy button', () => {
  it.each([
    ['127.0.0.1', true],
    ['node.example', false],
  ])('works at http://%s, where the clipboard is given: %s', async (host, given) => {
    await onPage(host, async (page) => {
      expect(await page.evaluate(() => navigator.clipboard !== undefined)).toBe(given);
      if (given) await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      expect(await copied(page)).toBe(ID);
    });
  });

  it('still works after its part of the page was replaced, and goes back to its word', async () => {
    await onPage('node.example', async (page) => {
      await page.click('form[action$="/connect"] button');
      await page.waitForSelector('#provider:not([hx-get]) .cs-alert');
      expect(await page.locator('.cs-alert').textContent()).toContain('No Syncthing has been set up on this node.');
      expect(await copied(page)).toBe(ID);
      await page.waitForFunction(() => document.querySelector('.cs-copy-button')?.textContent === 'Copy');
      expect(await page.locator('#cs-told').textContent()).toBe('');
    });
  });

  it('is not shown without scripts; the text is there, and the code too', async () => {
    await onPage(
      'node.example',
      async (page) => {
        expect(await page.locator('.cs-copy-button').first().isVisible()).toBe(false);
        expect(await page.locator('.cs-copy').first().textContent()).toBe(ID);
        const code = await page.locator('#use svg.cs-qr').boundingBox();
        expect([code?.width, code?.height]).toEqual([208, 208]);
      },
      false,
    );
  });
});
