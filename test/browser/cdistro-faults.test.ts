/** Inside Cloudy's web GUI when the panel is down, hangs, never ends or ends early, and when strangers' text is in the way. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../real/agents.js';
import { CdistroHost, LOGIN } from '../real/cdistro-host.js';
import { startBrowser, startDemo } from './fronts.js';

let folder: string;
let host: CdistroHost;
let panel: Server | null;
let connections: Set<Socket>;

const socket = () => join(folder, 'panel.sock');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdistro-'));
  panel = null;
  connections = new Set();
  // Shown on the page, they would be seen there; a page that is complete has none.
  host = await CdistroHost.start({
    folder,
    socket: socket(),
    address: '127.0.48.1',
    settings: { display_errors: 'on' },
  });
});
afterEach(async () => {
  await host.close();
  for (const connection of connections) connection.destroy();
  await new Promise((resolve) => (panel ? panel.close(resolve) : resolve(null)));
  rmSync(folder, { recursive: true });
  expect(host.complaints()).toBe('');
});

/** A panel that does this with each connection. */
async function standIn(behave: (connection: Socket) => void): Promise<void> {
  const server = createServer((connection) => {
    connections.add(connection.on('error', () => {}));
    behave(connection);
  });
  await new Promise<void>((resolve) => server.listen(socket(), resolve));
  panel = server;
}

async function ask(headers: Record<string, string> = {}): Promise<{ answer: Response; text: string }> {
  const cookie = await host.session();
  const answer = await fetch(host.url('services/dnsservice'), { headers: { cookie, ...headers } });
  return { answer, text: await answer.text() };
}

/** Cloudy's own page, with its menu, that says what is the matter and what to do. */
function expectDown({ answer, text }: Awaited<ReturnType<typeof ask>>): void {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('5');
  expect(text).toContain('The services panel does not answer.');
  expect(text).toContain('systemctl start cloudy-services');
  expect(text).toMatch(/<div class="navbar">[\s\S]*Best services for me[\s\S]*<footer>/);
  expect(text).not.toMatch(/Warning|Notice|Deprecated|Fatal/);
}

describe('a panel that is down', () => {
  it('is said so on a page of Cloudy’s own, in its language, with the way to start it', async () => {
    expectDown(await ask());
    const cookie = await host.session();
    for (const [language, words] of [
      ['ca', 'El tauler de serveis no respon.'],
      ['es', 'El panel de servicios no responde.'],
    ]) {
      await fetch(`${host.home}/default/lang/${language}`, { headers: { cookie } });
      expect(await (await fetch(host.url(''), { headers: { cookie } })).text()).toContain(words);
    }
  });

  it('is said above the list that is open in the browser, which goes on when the panel is back', async () => {
    const start = () => startDemo(folder, { socket: socket(), listen: null });
    let daemon = await start();
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      await host.logIn(page);
      await page.goto(host.url('services/dnsservice'));
      await page.click('form[action$="/scan"] button');
      await page.waitForSelector('#type[hx-get] progress');
      await daemon.close();
      await page.locator('#cs-message').getByText('The services panel does not answer.').waitFor();
      expect(await page.locator('#type .cs-row').count()).toBeGreaterThan(3);
      daemon = await start();
      await page.waitForSelector('#type:not([hx-get])');
    } finally {
      await browser.close();
      await daemon.close();
    }
  }, 60_000);
});

describe('one lost answer', () => {
  it('is no reason for a message, and leaves none behind', async () => {
    const daemon = await startDemo(folder, { socket: socket(), listen: null });
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      await host.logIn(page);
      await page.goto(host.url('services/dnsservice'));
      const poll = () => page.evaluate(() => document.getElementById('cs-pulse')?.dispatchEvent(new Event('cs-again')));
      const message = () => page.locator('#cs-message').innerHTML();
      renameSync(socket(), `${socket()}-away`);
      await Promise.all([page.waitForResponse((answer) => answer.status() === 503), poll()]);
      renameSync(`${socket()}-away`, socket());
      expect(await message()).toBe('');
      // It asks again by itself.
      await page.waitForResponse((answer) => answer.ok() && answer.url().includes('dnsservice'));
      expect([await message(), await page.locator('.cs-lost').count()]).toEqual(['', 0]);
    } finally {
      await browser.close();
      await daemon.close();
    }
  }, 60_000);

  it('to a form says that this was not sent, also once the panel is back', async () => {
    const daemon = await startDemo(folder, { socket: socket(), listen: null });
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      await host.logIn(page);
      await page.goto(host.url('services/dnsservice'));
      renameSync(socket(), `${socket()}-away`);
      await page.click('form[action$="/scan"] button');
      const message = page.locator('#cs-message');
      await message.getByText('The services panel does not answer.').waitFor();
      expect(await message.locator('.cs-unsent').count()).toBe(1);
      renameSync(`${socket()}-away`, socket());
      await message.getByText('The services panel does not answer.').waitFor({ state: 'detached' });
      expect(await message.locator('.cs-unsent').count()).toBe(1);
    } finally {
      await browser.close();
      await daemon.close();
    }
  }, 60_000);
});

describe('a web server of Cloudy that', () => {
  it.runIf(process.getuid?.() === 0)('is another user is told how to let it open the socket', async () => {
    await host.close();
    await standIn((connection) => connection.destroy());
    chmodSync(socket(), 0o660);
    chmodSync(folder, 0o755);
    const path = join(folder, 'other');
    mkdirSync(path);
    const other = await CdistroHost.start({ folder: path, socket: socket(), address: '127.0.48.2', user: 'nobody' });
    try {
      const cookie = await other.session();
      const answer = await fetch(other.url('services/dnsservice'), { headers: { cookie } });
      const text = await answer.text();
      expect(answer.status).toBe(503);
      expect(text).toContain('Cloudy may not open the services panel’s socket.');
      expect(text).toMatch(/usermod -aG cloudy-services 'nobody'/);
      expect(text).not.toContain('systemctl start');
    } finally {
      await other.close();
    }
  });
});

describe('a panel that', () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n';

  it.each([
    ['says nothing', () => {}],
    [
      'says something now and then, and never ends',
      (connection: Socket) => {
        connection.write(answer);
        const timer = setInterval(() => connection.write('.'), 100);
        connection.once('close', () => clearInterval(timer));
      },
    ],
  ])('%s is given up after its limit', async (_, behave) => {
    await standIn(behave);
    expectDown(await ask());
    const { ms } = host.times().at(-1) ?? { ms: 0 };
    expect(ms).toBeGreaterThan(1_900);
    expect(ms).toBeLessThan(10_000);
  });

  it.each([
    [
      'answers without end',
      (connection: Socket) => {
        const more = () => connection.write(Buffer.alloc(1 << 16, 'x'), (error) => error ?? more());
        connection.write(answer, more);
      },
    ],
    ['hangs up at once', (connection: Socket) => connection.destroy()],
    ['hangs up within its answer’s head', (connection: Socket) => connection.end('HTTP/1.1 200 OK\r\nContent-Ty')],
    ['speaks another protocol', (connection: Socket) => connection.end('SSH-2.0-x\r\n\r\nhello')],
  ])('%s is one that does not answer', async (_, behave) => {
    await standIn(behave);
    expectDown(await ask());
  });

  it('is down says so to a part of a page alone, without Cloudy’s frame', async () => {
    const { answer: down, text } = await ask({ 'hx-request': 'true' });
    expect(down.status).toBe(503);
    expect(down.headers.get('hx-retarget')).toBe('#cs-message');
    expect(text).toContain('The services panel does not answer.');
    expect(text).not.toContain('<html');
  });
});

it('nothing that a visitor or Cloudy puts into a header begins another', async () => {
  let request = '';
  await standIn((connection) => {
    connection.on('data', (piece) => {
      request += piece;
      if (request.includes('\r\n\r\n')) connection.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nfine');
    });
  });
  const evil = 'x\r\nX-Evil: yes\r\n\r\nGET /evil HTTP/1.0';
  const login = { ...LOGIN, user: `eve${evil}` };
  const first = await fetch(host.home, { method: 'POST', body: new URLSearchParams(login), redirect: 'manual' });
  const headers = { cookie: first.headers.get('set-cookie')?.split(';', 1)[0] ?? '', accept: 'text/html' };
  await fetch(`${host.home}/default/lang/${encodeURIComponent(evil)}`, { headers });
  await fetch(host.url(`services/${encodeURIComponent(evil)}?job=${encodeURIComponent(evil)}`), { headers });
  await until('the panel was asked', () => request.includes('\r\n\r\n'));
  const lines = request.split('\r\n');
  expect(lines.filter((line) => /^(X-Evil|GET \/evil)/i.test(line))).toEqual([]);
  expect(lines.indexOf('')).toBe(lines.length - 2);
  expect(lines.find((line) => line.startsWith('X-Cloudy-User: '))).toBe(
    `X-Cloudy-User: evexX-Evil: yesGET /evil HTTP/1.0`,
  );
});
