/** One HTTP question: what is sent and measured, how it fails, where it stops. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HttpQuestion, httpAsk, httpOnce, httpTimes, otherWeb } from '../../plugin/probe/http.js';
import { isFailed, type Target } from '../../plugin/probe/index.js';
import { connect } from '../../plugin/probe/tcp.js';
import { stopwatch } from '../stopwatch.js';
import { closedPort, context, deadHost, tcpServer, webServer } from './servers.js';

const MALFORMED = { level: 2, reason: 'wrong-protocol', detail: 'malformed HTTP' };
const PAGE: HttpQuestion = { method: 'GET', path: '/page', bodyCap: 1_000 };
const ask = (target: Target, more: Partial<HttpQuestion> = {}, of = context()) =>
  httpOnce(target, { ...PAGE, ...more }, of);

async function answered(target: Target, more: Partial<HttpQuestion> = {}) {
  const answer = await ask(target, more);
  if (isFailed(answer)) throw new Error(answer.reason);
  return answer;
}

/** Answers the first request with these bytes, then runs the given work. */
const saying = (text: string, then: (socket: Socket) => void = () => {}) =>
  tcpServer((socket) =>
    socket.once('data', () => {
      socket.write(text);
      then(socket);
    }),
  );

/** Says it again and again until the other side leaves. */
const drip = (text: string, everyMs: number) => (socket: Socket) => {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.once('close', () => clearInterval(timer));
};
const pour = (text: string) => (socket: Socket) => {
  const more = () => {
    while (socket.writable && socket.write(text));
  };
  socket.on('drain', more);
  more();
};

describe('an HTTP question', () => {
  it('names its user agent, and closes the connection', async () => {
    const requests: IncomingMessage[] = [];
    const server = await webServer((request, response) => {
      requests.push(request);
      response.end();
    });
    await answered(server, { headers: { Accept: 'text/html' } });
    await answered(server, { method: 'HEAD', path: 'http://probe.invalid/', host: 'probe.invalid' });
    expect(requests.map(({ method, url }) => [method, url])).toEqual([
      ['GET', '/page'],
      ['HEAD', 'http://probe.invalid/'],
    ]);
    expect(requests[0]?.headers).toEqual({
      host: `${server.address}:${server.port}`,
      'user-agent': 'cloudy-services',
      accept: 'text/html',
      connection: 'close',
    });
    expect(requests[1]?.headers.host).toBe('probe.invalid');
  });

  it('gets status, headers, body and times, and counts its bytes', async () => {
    const text =
      'HTTP/1.1 404 Nothing here\r\nX-Twice: a\r\nx-twice: b\r\n__proto__: c\r\nContent-Length: 5\r\n\r\nhello';
    const server = await saying(text);
    const asked = context();
    const answer = await ask(server, {}, asked);
    expect(answer).toEqual({
      status: 404,
      statusText: 'Nothing here',
      headers: new Map([
        ['x-twice', 'a, b'],
        ['__proto__', 'c'],
        ['content-length', '5'],
      ]),
      body: 'hello',
      whole: true,
      connectMs: expect.any(Number),
      firstByteMs: expect.any(Number),
    });
    expect(asked.traffic.received).toBe(text.length);
    expect(asked.traffic.sent).toBeGreaterThan(80);
  });

  it('accepts headers of any name, also those that every object has', async () => {
    const odd = [
      '__proto__: a',
      'constructor: b',
      'hasOwnProperty: c',
      'toString: d',
      'Set-Cookie: e',
      'set-cookie: f',
    ];
    const head = ['HTTP/1.1 200 OK', ...odd, 'Transfer-Encoding: chunked', 'Trailer: __proto__'].join('\r\n');
    const server = await saying(`${head}\r\n\r\n2\r\nhi\r\n0\r\n__proto__: g\r\n\r\n`);
    const { headers, body } = await answered(server);
    expect(body).toBe('hi');
    expect([...headers]).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['hasownproperty', 'c'],
      ['tostring', 'd'],
      ['set-cookie', 'e, f'],
      ['transfer-encoding', 'chunked'],
      ['trailer', '__proto__'],
    ]);
  });

  it.each([
    ['a header over two lines', 'X-A: b\r\n c\r\n'],
    ['a header without a name', ': b\r\n'],
    ['a space before the colon', 'X-A : b\r\n'],
    ['a zero byte', 'X-A: \0\r\n'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n'],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'],
    ['a thousand headers', 'A:\r\n'.repeat(1_000)],
    ['bytes that are no text', 'X-\xff\xfe: \xff\r\n'],
  ])('gets an answer or a failure where the head has %s, and nothing is thrown', async (_, lines) => {
    const server = await tcpServer((socket) =>
      socket.once('data', () => socket.end(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\nhi`, 'latin1'))),
    );
    const answer = await ask(server);
    expect('status' in answer ? answer.status : answer.level).toBe('status' in answer ? 200 : 2);
  });

  it.each([
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', false],
    ['up to the end of the connection', 'HTTP/1.0 200 OK\r\n\r\nhello', true],
  ])('reads a body %s', async (_, text, ends) => {
    const server = await saying(text, (socket) => ends && socket.end());
    expect(await answered(server)).toMatchObject({ body: 'hello', whole: true });
  });

  it('does not wait for a body that it does not want', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    expect(await answered(server, { bodyCap: 0 })).toMatchObject({ status: 200, body: '', whole: false });
  });

  it('a first byte after three seconds is slow, not dead, and measured as the first byte', async () => {
    const server = await webServer((_, response) => void setTimeout(() => response.end('late'), 3_000));
    const answer = await answered(server);
    expect(answer).toMatchObject({ status: 200, body: 'late' });
    expect(answer.firstByteMs).toBeGreaterThan(2_900);
    expect(httpTimes(answer)).toEqual([
      { metric: 'rtt', value: answer.connectMs, method: 'tcp-connect' },
      { metric: 'ttfb', value: answer.firstByteMs, method: 'http' },
    ]);
    const halting = await saying('HTTP/1.1 200', (socket) => setTimeout(() => socket.end(' OK\r\n\r\n'), 300));
    expect((await answered(halting)).firstByteMs).toBeLessThan(250);
  });

  it('follows no redirect', async () => {
    let visits = 0;
    const other = await tcpServer(() => (visits += 1));
    const location = `http://${other.address}:${other.port}/`;
    const server = await webServer((_, response) => response.writeHead(301, { Location: location }).end());
    const answer = await answered(server);
    expect([answer.status, answer.headers.get('location'), visits]).toEqual([301, location, 0]);
    expect(otherWeb(answer)).toEqual({ level: 2, reason: 'wrong-protocol', detail: 'HTTP 301' });
    expect(otherWeb({ ...answer, status: 503 })).toMatchObject({ level: 2, reason: 'broken' });
  });

  it('rejects a protocol change that it did not ask for', async () => {
    const server = await saying('HTTP/1.1 101 Go on\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    expect(await httpOnce(server, PAGE, context())).toEqual(MALFORMED);
  });

  it('can change the protocol of its connection, which then goes on', async () => {
    const server = await saying('HTTP/1.1 101 Go on\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ', (socket) =>
      socket.pipe(socket),
    );
    const asked = context();
    const connection = await connect(server, asked);
    if (isFailed(connection)) throw new Error(connection.reason);
    onTestFinished(connection.close);
    const answer = await httpAsk(connection, { ...PAGE, headers: { Upgrade: 'echo' } }, asked);
    expect(answer).toMatchObject({ status: 101 });
    connection.socket.write('ping');
    let said = '';
    for await (const chunk of connection.socket) {
      said += chunk;
      if (said === 'early ping') break;
    }
    expect(said).toBe('early ping');
  });
});

describe('caps and limits', () => {
  it('an endless body stops at its cap, never above 32 KiB', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\n\r\n', pour('x'.repeat(4_096)));
    expect(await answered(server, { bodyCap: 100 })).toMatchObject({ body: 'x'.repeat(100), whole: false });
    expect((await answered(server, { bodyCap: 1_000_000 })).body).toHaveLength(32 * 1024);
  });

  it('a body that drips is left after three seconds with what came', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\n\r\n', drip('x', 100));
    const elapsed = stopwatch();
    const { body, whole } = await answered(server);
    expect(elapsed()).toBeLessThan(3_500);
    expect(whole).toBe(false);
    expect(body).toMatch(/^x{10,30}$/);
  });

  it('a body that breaks off is not whole', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', (socket) => socket.end());
    expect(await answered(server)).toMatchObject({ body: 'hello', whole: false });
  });

  it('an endless head is too large, and ends at a limit at any speed', async () => {
    const flood = await saying('HTTP/1.1 200 OK\r\n', pour(`X-More: ${'x'.repeat(1_000)}\r\n`));
    expect(await ask(flood)).toEqual({ level: 2, reason: 'too-large' });
    const dripping = await saying('HTTP/1.1 200 OK\r\n', drip('X-More: x\r\n', 50));
    expect(await ask(dripping, { limitMs: 400 })).toEqual({
      level: 2,
      reason: 'timeout',
      detail: 'only began to answer',
    });
    const interim = await saying('HTTP/1.1 100 Continue\r\n\r\n', drip('HTTP/1.1 100 Continue\r\n\r\n', 50));
    expect(await ask(interim)).toEqual(MALFORMED);
  });

  it.each([
    ['a page without a head, as in HTTP/0.9', '<html>It works!</html>'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
  ])('%s is another protocol', async (_, text) => {
    expect(await ask(await saying(text))).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('a head that is none is malformed', async () => {
    expect(await ask(await saying('HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'))).toEqual(MALFORMED);
  });

  it('a closed port, one that hangs up, a silent one and a dead host each fail with their own reason', async () => {
    expect(await ask(await closedPort())).toEqual({ level: 1, reason: 'refused' });
    expect(await ask(await tcpServer((socket) => socket.destroy()))).toEqual({ level: 2, reason: 'closed' });
    expect(await ask(await saying('HTTP/1.1 200', (socket) => socket.end()))).toEqual({ level: 2, reason: 'closed' });
    expect(await ask(await tcpServer(), { limitMs: 200 })).toEqual({ level: 2, reason: 'timeout' });
    expect(await ask(await deadHost(), { limitMs: 200 })).toEqual({ level: 0, reason: 'timeout' });
  });

  it.each([
    ['the head', ''],
    ['the body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'],
  ])('an abort while waiting for %s ends it at once, with its socket closed', async (_, text) => {
    const abort = new AbortController();
    const gone: Promise<unknown>[] = [];
    const server = await saying(text, (socket) => {
      gone.push(once(socket, 'close'));
      setTimeout(() => abort.abort(new Error('cancelled')), 50);
    });
    await expect(ask(server, {}, context(abort.signal))).rejects.toThrow('cancelled');
    await Promise.all(gone);
    expect(gone).toHaveLength(1);
  });
});
