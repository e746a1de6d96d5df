/**
 * Takes the pictures of README.md from the demo community: `npm run -s build && node .github/pictures.mjs`.
 * Needs Chromium; writes the PNG files beside this script.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { toPalette } from './palette.mjs';

const HERE = import.meta.dirname;
const PROGRAM = join(HERE, '..', 'dist', 'cli.mjs');
const PASSWORD = 'only for pictures';
/** Of measuring again. */
const ROUNDS = 10;
/** Bytes: a README must load over a mesh. */
const SIZE_CAP = 100_000;
/** Rows of the list that are shown. */
const ROWS = 6;
/** Above what is shown, px. */
const MARGIN = 16;
/** Its list has neighbours of every kind: good, weak, lying, dead. */
const TYPE = 'dnsservice';
/** The explained provider is the one whose score is nearest to this. */
const EXPLAINED = 78;

const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
const env = {
  ...process.env,
  CLOUDY_SERVICES_DEMO: 'on',
  CLOUDY_SERVICES_LISTEN: '127.0.0.1:0',
  CLOUDY_SERVICES_DATA_DIR: folder,
};

async function setPassword() {
  const command = spawn(process.execPath, [PROGRAM, 'passwd'], { env, stdio: ['pipe', 'ignore', 'ignore'] });
  command.stdin.end(`${PASSWORD}\n`);
  const [code] = await once(command, 'exit');
  if (code !== 0) throw new Error('the password could not be set');
}

async function startPanel() {
  const panel = spawn(process.execPath, [PROGRAM, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: panel.stdout })) return { panel, url: JSON.parse(line).url };
  throw new Error('the panel did not start: build it first');
}

async function logIn(page, url) {
  await page.goto(`${url}login`);
  await page.fill('input[name=password]', PASSWORD);
  await page.click('form[action$="/login"] button');
  await page.waitForSelector('form[action$="/logout"]');
}

/** The API, as the browser's session. */
async function openApi(page, url) {
  const get = async (path) => (await page.request.get(`${url}api/v1/${path}`)).json();
  const { token } = await get('session');
  const post = async (path) =>
    (await page.request.post(`${url}api/v1/${path}`, { headers: { 'x-csrf-token': token } })).json();
  return { get, post };
}

/** Measures every type, so that no page is empty. */
async function scanAll({ get, post }) {
  const { services } = await get('services');
  for (const { type } of services) {
    const { job } = await post(`services/${type}/scan`);
    while (job && (await get(`jobs/${job.id}`)).state === 'running') await delay(200);
  }
}

/** Measures those again that this machine was too busy to time. */
async function scanUntimed({ get, post }) {
  for (let round = 0; round < ROUNDS; round++) {
    const { providers } = await get(`services/${TYPE}`);
    const details = await Promise.all(
      providers.filter(({ score }) => score > 0).map(({ id }) => get(`services/${TYPE}/providers/${id}`)),
    );
    const untimed = details.filter(({ why }) => why.some(({ key }) => key === 'untimed'));
    if (untimed.length === 0) return;
    // The panel answers a scan from the last one for ten seconds.
    await delay(11_000);
    for (const { id } of untimed) {
      const { job } = await post(`services/${TYPE}/providers/${id}/scan`);
      while ((await get(`jobs/${job.id}`)).state === 'running') await delay(200);
    }
  }
  throw new Error('this machine is too busy to time anything: try again later');
}

async function shoot(target, name, options = {}) {
  const path = join(HERE, `${name}.png`);
  const png = toPalette(await target.screenshot(options));
  if (png.length > SIZE_CAP) throw new Error(`${name} has ${png.length} bytes, more than ${SIZE_CAP}`);
  writeFileSync(path, png);
}

/** The part of the page from one element to the end of another. */
async function between(page, first, last) {
  const [top, bottom] = await Promise.all(
    [first, last].map((selector) => page.locator(selector).first().boundingBox()),
  );
  const y = top.y - MARGIN;
  return { x: 0, y, width: page.viewportSize().width, height: bottom.y + bottom.height - y };
}

await setPassword();
const { panel, url } = await startPanel();
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium-headless-shell',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 800, height: 2_000 } });
  const page = await context.newPage();
  await logIn(page, url);
  const api = await openApi(page, url);
  await scanAll(api);
  await scanUntimed(api);

  await page.goto(`${url}services/${TYPE}`);
  await shoot(page, 'list', { clip: await between(page, 'h1', `tbody tr:nth-child(${ROWS})`) });

  const { providers } = await api.get(`services/${TYPE}`);
  const [{ id }] = providers.toSorted((a, b) => Math.abs(a.score - EXPLAINED) - Math.abs(b.score - EXPLAINED));
  await page.goto(`${url}services/${TYPE}/providers/${id}`);
  await page.click('#why summary');
  await shoot(page.locator('#why'), 'why');
} finally {
  await browser.close();
  panel.kill();
  await once(panel, 'exit');
  rmSync(folder, { recursive: true });
}
