/**
 * Every page in every state, in every language, light and dark, as wide as a phone, a tablet and a screen: accessible, no
 * wider than it may be, quiet, and on this node. Where nothing that they show has changed, a sample of them: `sample.ts`.
 * The pictures stay in test/artefacts for who wants to look.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES, type Language } from '../../plugin/model/language.js';
import { startWeb, type TestWeb } from '../web/app.js';
import { FRONTS, startBrowser } from './fronts.js';
import { asOwner, asReader, overflow, troubles, violations, type Way } from './look.js';
import { sampled, samplingCommit } from './sample.js';
import { type State, type States, situations } from './states.js';

const ARTEFACTS = join(import.meta.dirname, '..', 'artefacts');
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [320, 768, 1280] as const;
/** German words are the longest: where they fit on a phone, they fit. */
const widthsOf = (language: Language) => WIDTHS.filter((width) => language !== 'de' || width === 320);
const LOOKS = LANGUAGES.flatMap((language) =>
  SCHEMES.flatMap((scheme) => widthsOf(language).map((width) => ({ language, scheme, width }))),
);
type Look = (typeof LOOKS)[number];
const COMMIT = samplingCommit();
const looksOf = (name: string, language: Language) =>
  sampled(name, LOOKS, COMMIT).filter((look) => look.language === language);
const GRID_MS = 600_000;

let browser: Browser;
const seen = new Set<string>();

beforeAll(async () => {
  rmSync(ARTEFACTS, { recursive: true, force: true });
  mkdirSync(ARTEFACTS, { recursive: true });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  writeFileSync(join(ARTEFACTS, 'index.html'), sheet());
});

const fileOf = (name: string, { language, scheme, width }: Look) =>
  `${name.replaceAll(/[^a-z]+/gi, '-')}.${language}-${scheme}-${width}.jpeg`;

/** Each language has a panel of its own, so that they can be looked at side by side. */
async function served(at: number, use: (web: TestWeb, way: Way) => Promise<void>): Promise<void> {
  const web = await startWeb();
  try {
    await use(web, { browser, base: `${await web.app.listen({ host: `127.0.46.${at}`, port: 0 })}/` });
  } finally {
    await web.app.close();
  }
}

describe.concurrent('every page in every state, in every look', () => {
  it.each(LANGUAGES.map((language, at) => ({ language, at })))(
    'is accessible, fits and keeps quiet, in $language',
    async ({ language, at }) => {
      const wrong: string[] = [];
      await served(20 + at, async (web, way) => {
        const { owner, reader, fresh } = situations(web);
        const walk = (states: States) => async (page: Page) => {
          const complaints = troubles(page, new URL(way.base).origin);
          const camera = await page.context().newCDPSession(page);
          for (const [name, state] of Object.entries(states)) {
            if (looksOf(name, language).length === 0) continue;
            await fresh();
            await arrive(page, way.base, state);
            wrong.push(...(await looks(page, camera, name, language)));
            wrong.push(...complaints.splice(0).map((one) => `${name}: ${one}`));
            seen.add(name);
          }
        };
        await asOwner(way, { language }, walk(owner));
        await asReader(way, { language }, walk(reader));
      });
      expect(wrong).toEqual([]);
    },
    GRID_MS,
  );
});

it(
  'is accessible and fits inside Cloudy’s page, in every language and look',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pages-'));
    const [, start] = FRONTS.find(([name]) => name.startsWith('inside Cloudy')) ?? [];
    const front = await start?.(folder);
    const wrong: string[] = [];
    try {
      await asReader({ browser }, {}, async (page) => {
        await front?.logIn(page);
        const camera = await page.context().newCDPSession(page);
        for (const language of front?.languages ?? []) {
          await front?.choose(page, language);
          for (const [name, path] of [
            ['the first page', ''],
            ['a list', 'services/dnsservice'],
          ] as const) {
            if (looksOf(`${name} inside Cloudy`, language).length === 0) continue;
            await page.goto(front?.url(path) ?? '');
            wrong.push(...(await looks(page, camera, `${name} inside Cloudy`, language, '.cs')));
            seen.add(`${name} inside Cloudy`);
          }
        }
      });
    } finally {
      await front?.close();
      rmSync(folder, { recursive: true });
    }
    expect(wrong).toEqual([]);
  },
  GRID_MS,
);

async function arrive(page: Page, base: string, { path, prepare, act }: State): Promise<void> {
  await prepare?.();
  await page.goto(base + path());
  await act?.(page);
}

/** What is wrong with the page (or that part of it) in each look; leaves a picture of each. */
async function looks(
  page: Page,
  camera: CDPSession,
  name: string,
  language: Language,
  part?: string,
): Promise<string[]> {
  const wrong: string[] = [];
  await page.evaluate(layOutAll);
  for (const look of looksOf(name, language)) {
    await page.emulateMedia({ colorScheme: look.scheme });
    await page.setViewportSize({ width: look.width, height: 800 });
    const where = `${name}, ${look.scheme}, ${look.width} px`;
    wrong.push(...(await violations(page, part)).map((one) => `${where}: ${one}`));
    if ((await overflow(page)) > 0) wrong.push(`${where}: scrolls sideways`);
    await picture(page, camera, fileOf(name, look));
  }
  return wrong;
}

/** A phone lays out the rows on its screen alone: what is judged and pictured is the whole page. */
function layOutAll(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.cs-row { content-visibility: visible !important }');
  document.adoptedStyleSheets = [sheet];
}

async function picture(page: Page, camera: CDPSession, file: string): Promise<void> {
  const [width, height] = await page.evaluate(() => [innerWidth, document.documentElement.scrollHeight] as const);
  const { data } = await camera.send('Page.captureScreenshot', {
    ...{ format: 'jpeg', quality: 35, captureBeyondViewport: true, optimizeForSpeed: true },
    clip: { x: 0, y: 0, width, height, scale: 1 },
  });
  await writeFile(join(ARTEFACTS, file), data, 'base64');
}

/** One page with all the pictures, by state. */
function sheet(): string {
  const figures = (name: string) =>
    sampled(name, LOOKS, COMMIT).map((look) => {
      const file = fileOf(name, look);
      return `<a href="${file}"><img loading="lazy" src="${file}" alt="${look.language}, ${look.scheme}, ${look.width} px"></a>`;
    });
  const sections = [...seen].map((name) => `<h2>${name}</h2>${figures(name).join('')}`);
  return `<!doctype html><meta charset="utf-8"><title>Pages</title><style>img{height:20rem;margin:2px;vertical-align:top}</style>${sections.join('\n')}`;
}
