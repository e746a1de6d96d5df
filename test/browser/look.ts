/** A visitor's page in Chromium, and what is wrong with how it looks. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Language } from '../../plugin/model/language.js';
import { PASSWORD } from '../web/app.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Look {
  readonly language?: Language;
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly scripts?: boolean;
}

/** The panel's address (with its last slash) and the browser that goes there. */
export interface Way {
  readonly browser: Browser;
  readonly base: string;
}

/** A visitor's page, not logged in. */
export async function asReader(
  { browser }: Pick<Way, 'browser'>,
  { language = 'en', scheme = 'light', width = 1280, scripts = true }: Look,
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    ...{ colorScheme: scheme, locale: language, viewport: { width, height: 800 }, javaScriptEnabled: scripts },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  try {
    await use(page, context);
  } finally {
    await context.close();
  }
}

/** The owner's page, logged in by the form. */
export function asOwner(
  way: Way,
  look: Look,
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  return asReader(way, look, async (page, context) => {
    await page.goto(`${way.base}login`);
    await page.fill('input[name=password]', PASSWORD);
    await page.click('form[action$="/login"] button');
    await page.waitForSelector('form[action$="/logout"]');
    await use(page, context);
  });
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds wrong, in words; by evaluation, because the page's own policy lets no foreign script in. */
export async function violations(page: Page, part = 'html'): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(AXE);
  const options = { resultTypes: ['violations'], preload: false };
  const found = (await page.evaluate(`axe.run(${JSON.stringify(part)}, ${JSON.stringify(options)})`)) as {
    violations: Violation[];
  };
  return found.violations.flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html} ${one.failureSummary}`));
}

/** By how much the page scrolls sideways, CSS pixels. */
export const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** What the page complains of on its console, and what it asks of other hosts; filled while the page is used. */
export function troubles(page: Page, origin: string): string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    // A page of an error says so by its status, and the browser repeats that.
    const isOwnStatus = /^Failed to load resource: .* status of 4/.test(message.text());
    if (message.type() === 'error' && !(isOwnStatus && message.location().url === page.url())) {
      found.push(`${message.text()} ${message.location().url}`);
    }
  });
  page.on('pageerror', ({ message }) => found.push(message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) found.push(`left the node: ${request.url()}`);
  });
  return found;
}
