/**
 * Unauthorised attempts on the running daemon, byte by byte over TCP: what a parser, a router and a socket make of requests
 * that no browser sends. The doors are the deeds, and the pages for Cloudy's bridge, which belong to the Unix socket alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type IpcNetConnectOpts, type TcpNetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { BRIDGE_PATH } from '../../plugin/web/cloudy.js';
import { PASSWORD } from '../web/app.js';

const HEADERS = 'Host: 127.0.0.1\r\n';
const CLAIMS = 'X-Cloudy-User: root\r\nX-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n';
const CLOSE = 'Connection: close\r\n';
/** For a server that says nothing, and leaves the connection open, ms. */
const SILENCE_MS = 1_500;

let folder: string;
let daemon: Awaited<ReturnType<typeof startDaemon>>;
let socket: string;
let port: number;
let owner: { readonly cookie: string; readonly token: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attempts-'));
  socket = join(folder, 'panel.sock');
  const listen = { host: '127.0.0.1', port: 0 };
  daemon = await startDaemon({ ...loadConfig({ env: {}, file: '' }), listen, socket, dataDir: folder }, true);
  port = Number(new URL(daemon.url ?? '').port);
  await setOwnerPassword(daemon.panel.store.settings, PASSWORD);
  owner = await visit(await login(await visit(await api('session')), PASSWORD));
});
afterAll(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

const api = (path: string, init?: RequestInit) => fetch(new URL(`api/v1/${path}`, daemon.url ?? ''), init);

/** What a visitor has to send, from the answer that gave it. */
async function visit(answer: Response) {
  const { token } = (await answer.json()) as { token: string };
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', token };
}

function login({ cookie, token }: typeof owner, password: string, more: Record<string, string> = {}) {
  const headers = { cookie, 'x-csrf-token': token, 'content-type': 'application/json', ...more };
  return api('login', { method: 'POST', headers, body: JSON.stringify({ password }) });
}

/** Everything that comes back for these bytes, as text. */
function ask(
  bytes: string,
  where: TcpNetConnectOpts | IpcNetConnectOpts = { port, host: '127.0.0.1' },
): Promise<string> {
  return new Promise((resolve, reject) => {
    let response = '';
    const asking = connect(where, () => asking.write(bytes, 'latin1'));
    asking.setTimeout(SILENCE_MS, () => asking.destroy());
    asking.on('data', (piece) => {
      response += piece.toString('latin1');
    });
    asking.once('close', () => resolve(response));
    asking.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error);
    });
  });
}

const readStatuses = (response: string) =>
  [...response.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

const done = () => {
  const { store, jobs, background } = daemon.panel;
  return JSON.stringify([store.events.newest(500), jobs.running(), jobs.counts(), background.status().on]);
};

/** Sends the bytes, and makes sure that nothing was done and nobody was taken for the owner. */
async function attempt(bytes: string): Promise<readonly number[]> {
  const before = done();
  const response = await ask(bytes);
  expect(done()).toBe(before);
  expect(response).not.toMatch(/"role":"owner"|name="unit"|X-Powered-By/i);
  return readStatuses(response);
}

function bySocket(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath: socket, path, headers: { 'x-cloudy-user': 'anna' } }, (response) => {
      let body = '';
      response.on('data', (piece) => {
        body += piece;
      });
      response.on('end', () => resolve(body));
    })
      .once('error', reject)
      .end();
  });
}

describe('the pages for Cloudy', () => {
  const session = `${BRIDGE_PATH}/api/v1/session`;

  it('trust the socket for who is logged in', async () => {
    expect(JSON.parse(await bySocket(session))).toMatchObject({ role: 'owner' });
  });

  it.each([
    ['by their plain address', `GET ${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by a whole address', `GET http://127.0.0.1${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by the address of another scheme', `GET unix://x${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by a path that goes up', `GET /x/..${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by a path with two slashes', `GET /${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by an encoded path', `GET ${session.replace('index', '%69ndex')} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by a path with parameters', `GET ${session};x=1?y#z HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['by a path in capitals', `GET ${session.toUpperCase()} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
    ['in the old protocol', `GET ${session} HTTP/1.0\r\n${CLAIMS}\r\n`],
    [
      'by a POST that is not read to its end',
      `POST ${BRIDGE_PATH}/background HTTP/1.1\r\n${HEADERS}${CLAIMS}Content-Type: application/json\r\nContent-Length: 99\r\n${CLOSE}\r\n{"turn"`,
    ],
    ['by HEAD', `HEAD ${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`],
  ])('do not exist over TCP %s', async (_, bytes) => {
    expect(await attempt(bytes)).toEqual([404]);
    expect(await ask(bytes)).toContain("content-security-policy: default-src 'self'");
  });

  it('do not exist behind another request on the same connection', async () => {
    const first = `GET /healthz HTTP/1.1\r\n${HEADERS}\r\n`;
    const second = `GET ${session} HTTP/1.1\r\n${HEADERS}${CLAIMS}${CLOSE}\r\n`;
    expect(await attempt(first + second)).toEqual([200, 404]);
  });

  it('do not exist for a connection whose other end is gone', async () => {
    const before = done();
    const bytes = `POST ${BRIDGE_PATH}/background HTTP/1.1\r\n${HEADERS}${CLAIMS}Content-Length: 0\r\n\r\n`;
    for (let nth = 0; nth < 20; nth++) {
      await new Promise<void>((resolve) => {
        const asking = connect(port, '127.0.0.1', () => asking.write(bytes.repeat(5), () => asking.resetAndDestroy()));
        asking.once('close', () => resolve());
      });
    }
    expect(readStatuses(await ask(`GET /healthz HTTP/1.1\r\n${HEADERS}${CLOSE}\r\n`))).toEqual([200]);
    expect(done()).toBe(before);
  });
});

describe('a request within a request', () => {
  const hidden = `POST ${BRIDGE_PATH}/background HTTP/1.1\r\n${HEADERS}${CLAIMS}Content-Length: 0\r\n\r\n`;
  const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
  const post = `POST /login HTTP/1.1\r\n${HEADERS}${form}`;

  it.each([
    ['with a length and chunks', `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['with chunks and a length', `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`],
    ['with two lengths', `${post}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
    ['with a length that is no number', `${post}Content-Length: +0\r\n\r\n${hidden}`],
    ['with two lengths in one line', `${post}Content-Length: 0, 5\r\n\r\n${hidden}`],
    ['with an unknown coding', `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['with two codings', `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
    ['with a blank before the colon', `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['with a folded line', `${post}X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['with bare line ends', `${post}X: y\nTransfer-Encoding: chunked\n\n0\r\n\r\n${hidden}`],
    ['with a size of chunk that is none', `${post}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${hidden}`],
    ['with a NUL in a header', `${post}X: y\0\r\nContent-Length: 0\r\n\r\n${hidden}`],
  ])('%s ends the connection', async (_, bytes) => {
    const statuses = await attempt(bytes);
    // Nothing of what is hidden is answered as if it had been asked: at most the outer request is refused, then the rest.
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.filter((status) => ![400, 403].includes(status))).toEqual([]);
  });

  it('is not parsed where it is a body of the declared length', async () => {
    expect(await attempt(`${post}Content-Length: ${hidden.length}\r\n${CLOSE}\r\n${hidden}`)).toEqual([403]);
  });
});

describe('a request that never reaches a route', () => {
  const get = `GET /healthz HTTP/1.1\r\n${HEADERS}`;
  it.each([
    ['no HTTP', 400, 'SSH-2.0-OpenSSH_10.0\r\n\r\n', 'This is no HTTP request.'],
    [
      'too long a header',
      431,
      `${get}Cookie: ${'a'.repeat(20_000)}\r\n${CLOSE}\r\n`,
      'The address and headers are too long.',
    ],
    ['an expectation that nobody knows', 200, `${get}Expect: a-miracle\r\n${CLOSE}\r\n`, 'ok'],
  ])('%s gets an ordinary answer, over TCP and the socket', async (_, status, bytes, text) => {
    for (const door of [undefined, { path: socket }]) {
      const response = await ask(bytes, door);
      expect(readStatuses(response)).toEqual([status]);
      expect(response).toContain(text);
      expect(response).toContain("content-security-policy: default-src 'self'");
      expect(response).toContain('cache-control: no-store');
    }
  });
});

describe('names of the host', () => {
  it.each(['', 'Host: \r\n'])('%j opens nothing', async (host) => {
    const [status] = await attempt(`POST /background HTTP/1.1\r\n${host}Content-Length: 0\r\n${CLOSE}\r\n`);
    expect([400, 401, 421]).toContain(status);
  });

  it('cannot be doubled to get around the origin check', async () => {
    for (const [first, second] of [
      ['127.0.0.1', 'evil.example'],
      ['evil.example', '127.0.0.1'],
    ]) {
      const head = `POST /background HTTP/1.1\r\nHost: ${first}\r\nHost: ${second}\r\nOrigin: http://evil.example\r\n`;
      const { cookie, token } = owner;
      const known = `Cookie: ${cookie}\r\nX-CSRF-Token: ${token}\r\nContent-Length: 0\r\n`;
      const [status] = await attempt(`${head}${known}${CLOSE}\r\n`);
      expect([400, 403, 421]).toContain(status);
    }
  });

  it('with markup are shown as text', async () => {
    const name = '"><script>alert(1)</script>';
    const response = await ask(`GET /services/proxy3 HTTP/1.1\r\nHost: ${name}\r\nAccept-Encoding: \r\n${CLOSE}\r\n`);
    expect(response).not.toContain('<script>alert');
    expect(readStatuses(response)[0]).toBeLessThan(500);
  });
});

describe('a raw path', () => {
  it.each([
    '/public/../package.json',
    '/public/../../../../../../etc/passwd',
    '/public//etc/passwd',
    '/public/./../dist/cli.mjs',
    '/public/%2e%2e/package.json',
    '/public/..%2fpackage.json',
    '/public/..\\package.json',
    '/public/.%00./package.json',
    '/../../../../../etc/passwd',
    '/services/../../../../etc/passwd',
    '/services/proxy3/files/../../../../package.json',
    '/services/proxy3/files/..%2f..%2fpackage.json',
    'http://127.0.0.1/public/../package.json',
    'file:///etc/passwd',
  ])('%s serves no file', async (path) => {
    const response = await ask(`GET ${path} HTTP/1.1\r\n${HEADERS}Accept-Encoding: \r\n${CLOSE}\r\n`);
    expect([400, 403, 404]).toContain(readStatuses(response)[0]);
    expect(response).not.toMatch(/root:[x*]:0:0|"allowScripts"|createRequire/);
  });
});

describe('methods', () => {
  it.each(['TRACE', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'QUERY', 'PURGE'])(
    '%s does nothing',
    async (method) => {
      const [status = 0] = await attempt(
        `${method} /background HTTP/1.1\r\n${HEADERS}Content-Length: 0\r\n${CLOSE}\r\n`,
      );
      expect([400, 404, 405]).toContain(status);
    },
  );

  it('CONNECT and protocol upgrades lead nowhere', async () => {
    expect(await attempt(`CONNECT 127.0.0.1:22 HTTP/1.1\r\n${HEADERS}\r\n`)).toEqual([]);
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n';
    expect(await attempt(`GET ${BRIDGE_PATH}/ HTTP/1.1\r\n${HEADERS}${CLAIMS}${upgrade}`)).toEqual([404]);
  });
});

it('password guessing is throttled by the connection’s address, whatever its headers say', async () => {
  const visitor = await visit(await api('session'));
  const statuses: number[] = [];
  for (let nth = 1; nth <= 7; nth++) {
    const address = `10.0.0.${nth}`;
    const spoofed = { 'x-forwarded-for': address, 'x-real-ip': address, forwarded: `for=${address}` };
    statuses.push((await login(visitor, `guess ${nth}`, spoofed)).status);
  }
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
});
