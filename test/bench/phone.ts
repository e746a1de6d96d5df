/**
 * How soon a page is of use on a slow phone: it is drawn, its scripts are at work, and a tap has been answered. The processor
 * is slowed down four times and the network to 1.6 Mbit/s and 150 ms, as Lighthouse does for a phone on a poor mobile network
 * (https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { runChild, startChild, stop } from './child.js';
import { atMost, type Mark, median } from './marks.js';

const RUNS = 5;
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: 'en' } as const;
/** Bytes a second, and ms from a request to the first byte of its answer. */
const SLOW_NETWORK = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
const SLOW_CPU = 4;

/** What the page itself notes of its first tap. */
interface Tapped {
  tappedMs?: number;
}

/** First use of the first page and of a page of 30 providers with 90 days of history, ms, nothing cached. */
export async function phone(): Promise<readonly Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await runChild('listed', { what: 'fill', count: 30, folder });
  const { said: panel, child } = await startChild<string>('listed', { what: 'serve', count: 30, folder });
  // Not bundled: it reads files that lie beside its own.
  const { chromium } = createRequire(import.meta.url)('playwright-core') as typeof import('playwright-core');
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium-headless-shell',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const first = { url: `${panel}/`, tap: '.cs-cover' };
  const providers = { url: `${panel}/services/syncthing`, tap: '.cs-fold summary' };
  const of = async (use: Omit<Use, 'isSlow'>, isSlow: boolean) => {
    const runs: number[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await firstUse(browser, { ...use, isSlow }));
    return median(runs);
  };
  try {
    // What server and browser do at their very first pages is no matter of ours.
    await firstUse(browser, { ...first, isSlow: false });
    await firstUse(browser, { ...providers, isSlow: false });
    return [
      atMost('the first page on a slow phone: drawn, and a tap answered', await of(first, true), 'ms', 1_000),
      atMost('a list of 30 on a slow phone: drawn, and a tap answered', await of(providers, true), 'ms', 1_000),
      atMost('the first page on this machine', await of(first, false), 'ms', 500),
      atMost('a list of 30 on this machine', await of(providers, false), 'ms', 500),
    ];
  } finally {
    await browser.close();
    await stop(child);
    rmSync(folder, { recursive: true });
  }
}

interface Use {
  readonly url: string;
  /** What is tapped: the first that fits. */
  readonly tap: string;
  readonly isSlow: boolean;
}

/** From asking for the page until a tap on it has been answered, ms. */
async function firstUse(browser: Browser, { url, tap, isSlow }: Use): Promise<number> {
  const context = await browser.newContext(PHONE);
  try {
    const page = await context.newPage();
    if (isSlow) await slowDown(page);
    await page.addInitScript(noteTap);
    await page.goto(url);
    const drawn = await page.evaluate(timeUntilReady);
    await page.tap(tap);
    await page.waitForFunction(() => (window as Tapped).tappedMs !== undefined);
    return drawn + ((await page.evaluate(() => (window as Tapped).tappedMs)) ?? Number.NaN);
  } finally {
    await context.close();
  }
}

async function slowDown(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', SLOW_NETWORK);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOW_CPU });
}

/** Runs in the page, last of all that hears of the tap: from the finger until the page has done with it. */
function noteTap(): void {
  addEventListener('click', (event) => {
    event.preventDefault();
    (window as Tapped).tappedMs = performance.now() - event.timeStamp;
  });
}

/** Runs in the page: when its text was drawn and the scripts had begun their work, whichever came last. */
async function timeUntilReady(): Promise<number> {
  // A paint is reported some time after it, and the page may have loaded before.
  const painted = new Promise<number>((resolve) => {
    new PerformanceObserver((list) => {
      for (const { startTime } of list.getEntriesByName('first-contentful-paint')) resolve(startTime);
    }).observe({ type: 'paint', buffered: true });
  });
  const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return Math.max(page?.domContentLoadedEventEnd ?? Number.NaN, await painted);
}
