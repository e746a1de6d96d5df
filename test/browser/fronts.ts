/** The daemon with its demo community behind each front that people use: alone, behind nginx, inside Cloudy's web GUI. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { expect } from 'vitest';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { LANGUAGES, type Language } from '../../plugin/model/language.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { quietPort } from '../ports.js';
import { until } from '../real/agents.js';
import { CdistroHost, endWithUs } from '../real/cdistro-host.js';

const PASSWORD = 'a long enough password';

export interface Front {
  /** Everything that a page may ask for starts with it. */
  readonly origin: string;
  /** Address of a page of the panel. */
  url(path: string): string;
  logIn(page: Page): Promise<void>;
  /** Those that can be chosen there. */
  readonly languages: readonly Language[];
  /** Chooses the language on the first page, and shows that page. */
  choose(page: Page, language: Language): Promise<void>;
  close(): Promise<void>;
}

/** Starts the daemon, owned by `PASSWORD`, with the demo community, in English. */
export async function startDemo(folder: string, change: Partial<Config>) {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const config = { ...loadConfig({ env: {}, file: '' }), listen: { host: '127.0.0.1', port: 0 }, dataDir: data };
  const daemon = await startDaemon({ ...config, language: 'en', ...change }, true);
  await setOwnerPassword(daemon.panel.store.settings, PASSWORD);
  return daemon;
}

export const ownLogin = (url: (path: string) => string): Pick<Front, 'logIn' | 'choose' | 'languages'> => ({
  languages: LANGUAGES,
  async logIn(page) {
    await page.goto(url('login'));
    await page.fill('input[name=password]', PASSWORD);
    await page.click('form[action$="/login"] button');
    await page.waitForSelector('form[action$="/logout"]');
  },
  async choose(page, language) {
    await page.goto(url(''));
    await page.click('.cs-menu > summary');
    await page.click(`button[name=language][value=${language}]`);
    await page.waitForSelector(`html[lang=${language}]`);
  },
});

async function alone(folder: string): Promise<Front> {
  const daemon = await startDemo(folder, {});
  const url = (path: string) => `${daemon.url}${path}`;
  return { origin: new URL(url('')).origin, url, ...ownLogin(url), close: () => daemon.close() };
}

/** nginx as it comes: it gathers whole answers before it passes them on, and upgrades no connection. */
async function behindNginx(folder: string): Promise<Front> {
  const daemon = await startDemo(folder, { basePath: '/cloudy/' });
  const address = `127.0.46.2:${quietPort()}`;
  const nginx = await startNginx(folder, address, new URL(daemon.url ?? '').host);
  const url = (path: string) => `http://${address}/cloudy/${path}`;
  const close = async () => {
    const exit = once(nginx, 'exit');
    nginx.kill('SIGKILL');
    await Promise.all([exit, daemon.close()]);
  };
  return { origin: `http://${address}`, url, ...ownLogin(url), close };
}

async function startNginx(folder: string, address: string, panel: string): Promise<ChildProcess> {
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen ${address};
        location /cloudy/ { proxy_pass http://${panel}; proxy_set_header Host $http_host; }
      }
    }`,
  );
  const nginx = spawn('/usr/sbin/nginx', ['-c', file, '-e', `${folder}/nginx.log`], { stdio: 'ignore' });
  endWithUs(nginx);
  await until('nginx answers', () =>
    fetch(`http://${address}/cloudy/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return nginx;
}

async function insideCloudy(folder: string): Promise<Front> {
  const socket = join(folder, 'panel.sock');
  const daemon = await startDemo(folder, { socket, listen: null });
  const host = await CdistroHost.start({ folder, socket, address: '127.0.46.3' });
  const url = (path: string) => host.url(path);
  return {
    origin: host.origin,
    url,
    logIn: (page) => host.logIn(page),
    // Cloudy's own.
    languages: ['ca', 'es', 'en'],
    async choose(page, language) {
      await page.goto(host.home);
      await page.click(`.navbar a[href$="/lang/${language}"]`);
      await page.goto(url(''));
      await page.waitForSelector(`.cs[lang=${language}]`);
    },
    async close() {
      await Promise.all([host.close(), daemon.close()]);
      expect(host.complaints()).toBe('');
    },
  };
}

/** By what it is called; each starts in an empty folder. */
export const FRONTS: readonly (readonly [string, (folder: string) => Promise<Front>])[] = [
  ['alone, at /', alone],
  ['at /cloudy/ behind nginx', behindNginx],
  ['inside Cloudy’s web GUI', insideCloudy],
];

/** Chromium without its desktop: the whole one opens pages of its own beside each of ours, a fifth of the processor time. */
export function startBrowser(options: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium-headless-shell',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      ...options,
    ],
  });
}

/** A visitor's page that must stay on the node and cause no error; without scripts where `scripts` is false. */
export async function withPage(
  browser: Browser,
  front: Pick<Front, 'origin'>,
  scripts: boolean,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const viewport = { width: 320, height: 800 };
  const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en', viewport });
  const page = await context.newPage();
  const trouble: string[] = [];
  // Refusals of the content policy, failed loads and errors of scripts all end here.
  page.on('console', (message) => {
    if (message.type() === 'error') trouble.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== front.origin) trouble.push(`left the node: ${request.url()}`);
  });
  try {
    await use(page);
    expect(trouble).toEqual([]);
  } finally {
    await context.close();
  }
}
