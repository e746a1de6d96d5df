/** What a screen reader finds in Chromium's accessibility tree: the score, how sure it is, its age, why, and the history. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { openStore } from '../../plugin/store/index.js';
import { startBrowser } from './fronts.js';

const TYPE = 'syncthing';

let folder: string;
let daemon: Awaited<ReturnType<typeof startDaemon>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reader-'));
  const config = { ...loadConfig({ env: {}, file: '' }), dataDir: folder, language: 'en' as const };
  daemon = await startDaemon({ ...config, listen: { host: '127.0.0.1', port: 0 } }, true);
  const { id } = daemon.panel.scan(TYPE);
  await daemon.panel.jobs.ended(id);
  browser = await startBrowser();
  page = await browser.newPage({ locale: 'en' });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await daemon?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const open = (path: string) => page.goto(`${daemon.url}${path}`);

describe('a person with a screen reader', () => {
  it('hears in the row of the best: its place, name, score, how sure it is, its state and its age', async () => {
    await open(`services/${TYPE}`);
    // Among those that are as good as the best it need not be the first.
    const row = page.getByRole('row', { name: /Recommended/ });
    const heard = await row.ariaSnapshot();
    expect(heard).toMatch(/cell "Compare .+ \d+":/);
    expect(heard).toMatch(/rowheader.*Recommended/);
    // So many tries, until there are enough for a word.
    expect(heard).toMatch(/cell "\d+ (\d+ tries|well tested), \d+ to \d+"/);
    expect(heard).toMatch(/identity confirmed/);
    expect(heard).toMatch(/time: .*(seconds?|minutes?) ago|now/);
    expect(heard).toMatch(/img "Answered every time on 1 of the 1 day measured"/);
  });

  it('hears why: a heading with the score, and every loss with its points in words', async () => {
    await open(`services/${TYPE}`);
    await page.getByRole('row').nth(1).getByRole('link').click();
    const score = Number(
      /Why (\d+)\?/.exec((await page.getByRole('heading', { name: /^Why/ }).textContent()) ?? '')?.[1],
    );
    expect(score).toBeGreaterThan(50);
    const losses = await page.locator('#why').getByRole('list').first().getByRole('listitem').all();
    const heard = await Promise.all(losses.map((loss) => loss.ariaSnapshot()));
    const points = heard.map((line) => Number(/, (\d+) points? lost/.exec(line)?.[1]));
    expect(points.reduce((sum, one) => sum + one, 0)).toBe(100 - score);
    expect(heard.join('\n')).toMatch(/tried only \d+ times?|few tries so far/);
    // The sign and the figure beside the words are for the eye only.
    expect(heard.join('\n')).not.toContain('−');
  });

  it('hears the history: each chart as one sentence, and the same days as a table', async () => {
    const provider = new URL(page.url()).pathname.split('/').at(-1) as string;
    const yesterday = Date.now() - 24 * 3_600_000;
    const then = openStore(join(folder, 'cloudy-services.sqlite'), () => yesterday);
    const samples = ['answer', 'rtt'].map((metric) => ({ metric, value: 12.5, method: 'udp' }));
    const tried = { provider, type: TYPE, bytes: 400, level: 4 as const, reason: null, facts: {} };
    then.attempts.add({ ...tried, samples, at: yesterday });
    then.history.note(TYPE, provider, 80);
    then.close();
    await page.reload();
    await page.getByText('As a table').click();
    const history = page.locator('#history');
    const charts = await history.getByRole('slider').all();
    expect(charts.length).toBeGreaterThan(2);
    for (const chart of charts) {
      expect(await chart.getAttribute('aria-label')).toMatch(/: (last|typically|\d)/);
      expect(await chart.getAttribute('aria-valuetext')).toMatch(/^\w+ \d+.*: /);
    }
    const heads = await history.getByRole('columnheader').allTextContents();
    expect(heads).toEqual(['When', 'Score', 'Answers', 'Round-trip time', 'Response time']);
    // A head, and as many tries as the charts have.
    expect(await history.getByRole('row').count()).toBeGreaterThanOrEqual(3);
  });
});
