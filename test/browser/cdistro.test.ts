/** The panel inside Cloudy's web GUI: its login, menu and languages, what comes framed and what bare, and how fast. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { BRIDGE_PATH } from '../../plugin/web/cloudy.js';
import { CdistroHost, LOGIN } from '../real/cdistro-host.js';
import { startBrowser, startDemo, withPage } from './fronts.js';

let folder: string;
let daemon: Awaited<ReturnType<typeof startDemo>>;
let host: CdistroHost;
let cookie: string;
let provider: string;

const socket = () => join(folder, 'panel.sock');
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(host.url(path), { headers: { cookie, ...headers }, redirect: 'manual' });
const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(host.url(path), {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { cookie, ...headers },
    redirect: 'manual',
  });
const tokenIn = (page: string) => /name="token" value="([^"]+)"/.exec(page)?.[1] ?? '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdistro-'));
  daemon = await startDemo(folder, { socket: socket() });
  host = await CdistroHost.start({ folder, socket: socket(), address: '127.0.47.1' });
  cookie = await host.session();
  provider = (await daemon.panel.type('syncthing')).ranked.find((one) => !one.provider.self)?.provider.id ?? '';
});
afterAll(async () => {
  await host?.close();
  await daemon?.close();
  rmSync(folder, { recursive: true });
});
afterEach(() => expect(host.complaints()).toBe(''));

describe('who is logged in to Cloudy', () => {
  it('sees the panel; everybody else gets Cloudy’s own login and nothing of ours', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await (await fetch(host.url('services/dnsservice'), { method })).text();
      expect(answer).toContain('<h2>Login</h2>');
      expect(answer).not.toContain('cs-');
    }
    const wrong = await fetch(host.home, { method: 'POST', body: new URLSearchParams({ ...LOGIN, password: 'x' }) });
    expect(await wrong.text()).toContain('Username or password is not correct.');
    expect(await (await get('')).text()).toContain('class="cs cs-embedded"');
  });

  it('is the owner, and needs no second login', async () => {
    const page = await (await get('services/dnsservice')).text();
    expect(page).toMatch(/<form method="post" action="[^"]*\/scan"/);
    expect(page).not.toMatch(/\/(login|logout)"/);
    expect((await get('login')).status).toBe(404);
  });

  it('finds it in the menu of the search, under a name in each language', async () => {
    let browser: Browser | null = null;
    try {
      browser = await startBrowser();
      await withPage(browser, host, true, async (page) => {
        await host.logIn(page);
        const names = {
          ca: 'Els millors serveis per a mi',
          es: 'Los mejores servicios para mí',
          en: 'Best services for me',
        };
        for (const [language, name] of Object.entries(names)) {
          await page.click(`.navbar a[href$="/lang/${language}"]`);
          const menu = page.locator('.navbar').getByText(name);
          const group = menu.locator('xpath=preceding-sibling::strong[1]');
          expect(await group.textContent()).toBe({ ca: 'Cerca', es: 'Búsqueda', en: 'Search' }[language]);
          await menu.click();
          expect(await page.locator('.cs').getAttribute('lang')).toBe(language);
          await page.click('.cs-top .cs-quiet:not(.cs-find-link)');
          expect(new URL(page.url()).pathname).toBe('/index.php/serf/search');
        }
      });
    } finally {
      await browser?.close();
    }
  });

  it('cannot be named over TCP, not even by a connection that is gone before its request is read', async () => {
    const asked = vi.spyOn(daemon.panel, 'type');
    const url = new URL(`${BRIDGE_PATH}/services/dnsservice`, daemon.url ?? '');
    const headers = { 'x-cloudy-user': 'admin' };
    expect((await fetch(url, { headers })).status).toBe(404);
    for (let count = 0; count < 20; count += 1) await hangUp(url);
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });
});

/** Two requests in one packet, then a reset: when the second is read, the connection has no remote address any more. */
function hangUp({ hostname, port, pathname }: URL): Promise<void> {
  const request = `GET ${pathname} HTTP/1.1\r\nHost: x\r\nX-Cloudy-User: admin\r\n\r\n`;
  return new Promise((resolve) => {
    const client = connect(Number(port), hostname, () =>
      client.write(request.repeat(2), () => client.resetAndDestroy()),
    );
    client.on('error', () => {}).on('close', () => resolve());
  });
}

describe('an answer', () => {
  it('that is a page comes in Cloudy’s frame, with its own status, and one frame only', async () => {
    const good = await get('services/dnsservice');
    const bad = await get('services/no-such-service');
    expect([good.status, bad.status]).toEqual([200, 404]);
    for (const page of [await good.text(), await bad.text()]) {
      expect(page.match(/<html/g)).toHaveLength(1);
      expect(page).toContain('<footer>');
      expect(page).toContain('class="cs cs-embedded"');
    }
  });

  it('that is a part of a page, data or a file comes bare', async () => {
    const part = await get('services/dnsservice', { 'hx-request': 'true' });
    const text = await part.text();
    expect(text).toMatch(/^<section id="type"/);
    expect(text).not.toMatch(/<html|<footer>|with HTTPS/);
    const data = await get('api/v1/services/syncthing');
    expect(data.headers.get('content-type')).toContain('application/json');
    expect(await data.json()).toMatchObject({ type: 'syncthing' });
    const file = await get(`services/syncthing/providers/${provider}/measurements.csv`);
    expect(file.headers.get('content-type')).toContain('text/csv');
    expect(file.headers.get('content-disposition')).toContain('attachment');
    expect(await file.text()).not.toContain('<');
  });

  it('that is an error for a part of a page keeps its status and says where it goes', async () => {
    const answer = await post('services/dnsservice/scan', { token: 'wrong' }, { 'hx-request': 'true' });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('hx-retarget')).toBe('#cs-message');
    expect(await answer.text()).not.toContain('<html');
  });

  it('to a form that is far too long is the panel’s refusal, in Cloudy’s frame', async () => {
    const answer = await post('background', { token: 'x'.repeat(3_000_000) });
    expect(answer.status).toBe(413);
    expect(await answer.text()).toContain('class="cs cs-embedded"');
  });

  it('of several megabytes arrives whole', async () => {
    const type = 'tahoe-lafs';
    const { id } = (await daemon.panel.type(type)).ranked[0]?.provider ?? { id: '' };
    const samples = Array.from({ length: 20 }, (_, nth) => ({ metric: `metric${nth}`, value: nth / 7, method: 'tls' }));
    for (let nth = 0; nth < 2000; nth += 1) {
      const at = Date.now() - nth * 1000;
      daemon.panel.store.attempts.add({ provider: id, type, at, bytes: 1, reason: null, level: 4, samples, facts: {} });
    }
    const path = `services/${type}/providers/${id}/measurements.csv`;
    const whole = await (await fetch(`${daemon.url}${path}`)).text();
    expect(whole.length).toBeGreaterThan(3_000_000);
    expect((await (await get(path)).text()) === whole).toBe(true);
  });

  it('refuses what another site sends in the visitor’s name', async () => {
    const token = tokenIn(await (await get('')).text());
    for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await post('background', { token, turn: 'on' }, headers)).status).toBe(403);
    }
    expect((await post('background', { token, turn: 'on' }, { origin: host.origin })).status).toBe(303);
    expect((await post('background', { token, turn: 'off' })).status).toBe(303);
  });
});

describe('PHP’s own notices', () => {
  it.each([
    ['held back until the page is complete', '1000000', 303],
    ['sent at once', '0', 200],
  ])('of other parts of Cloudy, shown and %s, do not stop a form', async (_, buffering, status) => {
    const own = join(folder, `sloppy-${buffering}`);
    mkdirSync(own);
    const settings = { display_errors: 'on', output_buffering: buffering };
    const sloppy = await CdistroHost.start({ folder: own, socket: socket(), address: '127.0.47.2', settings });
    writeFileSync(join(sloppy.root, 'plug', 'menus', 'r0001.sloppy.menu.php'), '<?php echo $nowhere;');
    try {
      const headers = { cookie: await sloppy.session() };
      const page = await (await fetch(sloppy.url('services/syncthing'), { headers })).text();
      expect(page).toContain('<b>Warning</b>');
      expect(page).toContain('class="cs cs-embedded"');
      const body = new URLSearchParams({ token: tokenIn(page) });
      const url = sloppy.url(`services/syncthing/providers/${provider}/scan`);
      const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
      expect(answer.status).toBe(status);
      const next = answer.headers.get('location') ?? / url=([^"]+)"/.exec(await answer.text())?.[1] ?? '';
      expect(next).toMatch(/\/jobs\/[\w-]+$/);
      await daemon.panel.jobs.ended(next.split('/').at(-1) ?? '');
      if (buffering === '0') return;
      const part = await fetch(url.replace(/\/scan$/, ''), { headers: { ...headers, 'hx-request': 'true' } });
      expect(await part.text()).toMatch(/^<section id="provider"/);
    } finally {
      await sloppy.close();
      expect(
        sloppy
          .complaints()
          .split('\n')
          .filter((line) => line && !line.includes('$nowhere')),
      ).toEqual([]);
    }
  });
});

it('no request of ours holds Cloudy up: the slowest stay within 200 ms, or near Cloudy’s own empty page', async () => {
  const paths = ['', 'services/dnsservice', `services/syncthing/providers/${provider}`, 'no-such-page'];
  const before = host.times().length;
  for (let round = 0; round < 15; round += 1) {
    for (const path of paths) await (await get(path)).text();
    await (await fetch(host.home, { headers: { cookie } })).text();
  }
  const token = tokenIn(await (await get('services/syncthing')).text());
  await post('services/syncthing/scan', { token });
  await post('services/syncthing/scan', { token }, { 'hx-request': 'true' });
  const times = host.times().slice(before);
  const slowest = (list: typeof times) =>
    list.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(list.length * 0.95)];
  const own = slowest(times.filter(({ path }) => path.startsWith(BRIDGE_PATH)));
  const empty = slowest(times.filter(({ path }) => !path.startsWith(BRIDGE_PATH)));
  console.log(`in PHP, 95 of 100 requests: ours within ${own} ms, Cloudy’s empty page within ${empty} ms`);
  expect(own).toBeLessThanOrEqual(Math.max(200, 3 * (empty ?? 0)));
  await Promise.all(daemon.panel.jobs.running().map(({ id }) => daemon.panel.jobs.ended(id)));
});
