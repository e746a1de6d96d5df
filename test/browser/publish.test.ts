/** An owner announces a service in Debian's Chromium, with scripts and without; a neighbour's agent sees it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readTag } from '../../plugin/announcement/tag-read.js';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { type Agent, killAgents, startCommunity, until } from '../real/agents.js';
import { startBrowser } from './fronts.js';

const PASSWORD = 'a long enough password';
const LIMIT_MS = 60_000;

let folder: string;
let neighbour: Agent;
let daemon: Awaited<ReturnType<typeof startDaemon>>;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'publish-'));
  const agents = await startCommunity([{ name: 'own' }, { name: 'neighbour' }]);
  const [own, other] = agents as [Agent, Agent];
  neighbour = other;
  const config = loadConfig({ env: {}, file: '' });
  const here = { listen: { host: '127.0.0.1', port: 0 }, basePath: '/cloudy/', dataDir: folder } as const;
  daemon = await startDaemon(
    { ...config, ...here, serfRpc: own.rpc, avahi: 'off', demo: 'off', language: 'en' },
    false,
  );
  await setOwnerPassword(daemon.panel.store.settings, PASSWORD);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await daemon?.close();
  await killAgents();
  if (folder) rmSync(folder, { recursive: true });
});

/** What the neighbour's agent says that this node announces. */
async function announced(): Promise<readonly string[]> {
  const client = await neighbour.connect();
  const tag = (await client.members()).find(({ name }) => name === 'own')?.tags.get('services');
  client.close();
  return tag === undefined ? [] : readTag(tag).entries.map(({ type, description }) => `${type}: ${description}`);
}

async function walk(page: Page, scripts: boolean): Promise<void> {
  await page.goto(`${daemon.url}login?next=/cloudy/services/proxy3`);
  await page.fill('#cs-password', PASSWORD);
  await page.click('.cs-login button');
  await page.click('.cs-own a[href*="announce="]');
  await page.fill('#publish [name=description]', 'Proxy de la plaça');
  await page.fill('#publish [name=port]', '5999');
  await page.click('#publish button[formmethod=get]');
  await page.waitForURL('**/services/proxy3?**');
  expect(await page.textContent('#publish pre')).toContain('"Proxy_de_la_plaça"');
  // Nothing of it is true here: no program listens there, and the agent is bound to loopback.
  expect(await page.textContent('#publish form')).toMatch(/Only this machine can reach.*Nothing listens on port 5999/s);
  expect(await page.textContent('.cs-preview')).toMatch(/Proxy de la plaça/);
  expect(await announced()).toEqual([]);
  await page.click('#publish button[name=token]');
  if (!scripts) await page.waitForURL('**/jobs/*');
  await until('the neighbour sees it', async () => (await announced()).includes('proxy3: Proxy de la plaça'));
  // Heard before the job has looked whether it was: the page goes on by itself, that of the job also without scripts.
  if (scripts) {
    await page.locator('#cs-published', { hasText: 'Announcing Web proxy: Done' }).waitFor();
    expect(await page.locator('.cs-announcing').isVisible()).toBe(false);
    await page.locator('#publish button', { hasText: 'Change the announcement' }).waitFor();
    expect(await page.inputValue('#publish [name=description]')).toBe('Proxy de la plaça');
  } else {
    await page.waitForSelector('#job:not(:has(progress))');
    await page.click('#job > p a');
  }
  await page.click('form[action$="/unpublish"] button');
  await until('the neighbour sees that it is gone', async () => (await announced()).length === 0);
}

it.each([true, false])(
  'an owner previews, announces and ends it, scripts on: %s',
  async (scripts) => {
    const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en' });
    const page = await context.newPage();
    const trouble: string[] = [];
    page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    await walk(page, scripts);
    expect(trouble).toEqual([]);
    await context.close();
  },
  LIMIT_MS,
);
