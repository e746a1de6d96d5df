/** The door at which neighbours' panels ask: one answer, and nothing else, whoever knocks and however. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Listener, PATH } from '../../plugin/community/listener.js';
import { HOUR } from './made.js';

interface Options {
  readonly document?: () => Promise<string>;
  readonly isWelcome?: (address: string) => boolean;
  readonly steady?: () => number;
}

async function open({ document = async () => '{"a":1}', isWelcome = () => true, ...rest }: Options = {}) {
  const listener = await Listener.open({ host: '127.0.0.1', port: 0 }, { document, isWelcome, ...rest });
  onTestFinished(() => listener.close());
  return listener;
}

/** Everything that comes back until the other side closes. */
async function talk(port: number, text: string, from = '127.0.0.1'): Promise<string> {
  const socket = await dial(port, from);
  socket.write(text);
  return rest(socket);
}
async function dial(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}
async function rest(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  // `once` would take a reset for a mistake.
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString();
}
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const status = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

it('answers with the document, and hangs up', async () => {
  const { port } = await open();
  const answer = await talk(port, get(PATH));
  expect(status(answer)).toBe(200);
  expect(answer).toContain('Content-Type: application/json');
  expect(answer).toMatch(/\r\n\r\n\{"a":1\}$/);
});

it('packs the document for whoever can unpack it, and each one anew', async () => {
  let text = JSON.stringify({ rows: 'x'.repeat(3_000) });
  const { port } = await open({ document: async () => text });
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(Number(answer.headers.get('content-length'))).toBeLessThan(200);
    return answer.text();
  };
  expect(await ask()).toBe(text);
  text = JSON.stringify({ rows: 'y'.repeat(3_000) });
  expect(await ask()).toBe(text);
  expect(await talk(port, get(PATH))).toContain('yyy');
});

it.each([
  '/',
  '/api/v1/services',
  '/api/v1/opinions?x',
  '/api/v1/opinions/',
  '//api/v1/opinions',
  '/api/v1/../v1/opinions',
  'http://other.example/api/v1/opinions',
])('has nothing at %s', async (path) => {
  const { port } = await open();
  const answer = await talk(port, get(path));
  expect(status(answer)).toBe(404);
  expect(answer).toMatch(/\r\n\r\n$/);
});

it.each(['POST', 'HEAD', 'PUT', 'OPTIONS', 'DELETE'])('does nothing on %s', async (method) => {
  const { port } = await open();
  expect(status(await talk(port, `${method} ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`))).toBe(404);
});

it.each([
  ['no HTTP', 'hello\r\n\r\n'],
  ['endless headers', `GET ${PATH} HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`],
  ['a second question', get(PATH) + get(PATH)],
  ['a body', `GET ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(20_000)}`],
  ['an upgrade', `GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
])('hangs up on %s', async (_, text) => {
  const { port } = await open();
  const answer = await talk(port, text);
  expect(answer.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThanOrEqual(1);
  expect(status(await talk(port, get(PATH)))).toBe(200);
});

it.each([
  ['says nothing', ''],
  ['never ends its question', `GET ${PATH} HTTP/1.1\r\nHost: `],
])('cuts off a client that %s', async (_, text) => {
  const { port } = await open();
  expect(await talk(port, text)).not.toContain('{"a":1}');
});

it('answers one host six times an hour, and others all the same', async () => {
  let now = 0;
  const { port } = await open({ steady: () => now });
  const ask = async (from: string) => status(await talk(port, get(PATH), from));
  for (let count = 0; count < 6; count += 1) expect(await ask('127.9.9.1')).toBe(200);
  const refused = await talk(port, get(PATH), '127.9.9.1');
  expect(refused).toContain('Retry-After: 3600');
  expect(status(refused)).toBe(429);
  expect(await ask('127.9.9.2')).toBe(200);
  now = HOUR - 1;
  expect(await ask('127.9.9.1')).toBe(429);
  now = HOUR;
  expect(await ask('127.9.9.1')).toBe(200);
});

it('says nothing at all to whom is not of the community', async () => {
  const { port } = await open({ isWelcome: (address) => address !== '127.9.9.9' });
  expect(await talk(port, get(PATH), '127.9.9.9')).toBe('');
  expect(status(await talk(port, get(PATH), '127.9.9.8'))).toBe(200);
});

it('goes on where the document cannot be made', async () => {
  let problem: Error | null = new Error('made up');
  const { port } = await open({
    document: async () => {
      if (problem) throw problem;
      return 'made';
    },
  });
  expect(status(await talk(port, get(PATH)))).toBe(503);
  problem = null;
  expect(await talk(port, get(PATH))).toMatch(/made$/);
});

it('ends open connections when it closes', async () => {
  const listener = await open();
  const socket = await dial(listener.port);
  const ended = rest(socket);
  await listener.close();
  expect(await ended).toBe('');
});

it('says that the address is taken', async () => {
  const { port } = await open();
  const second = Listener.open({ host: '127.0.0.1', port }, { document: async () => '', isWelcome: () => true });
  await expect(second).rejects.toThrow('EADDRINUSE');
});

it('serves a neighbour among 200 clients that say nothing, as soon as they are cut off', async () => {
  const { port } = await open();
  const idle = Array.from({ length: 200 }, (_, nth) =>
    connect({ port, host: '127.0.0.1', localAddress: `127.9.8.${nth + 1}` }),
  );
  const ended = idle.map((socket) => {
    onTestFinished(() => void socket.destroy());
    return new Promise<void>((resolve) => socket.on('error', () => {}).on('close', () => resolve()));
  });
  await Promise.all(ended);
  expect(status(await talk(port, get(PATH), '127.9.7.1'))).toBe(200);
});

it('makes its document for six of a thousand questions of one neighbour, and for others all the same', async () => {
  let made = 0;
  const { port } = await open({
    document: async () => {
      made += 1;
      return '{}';
    },
  });
  const answers = new Map<number, number>();
  for (let round = 0; round < 50; round += 1) {
    const all = await Promise.all(Array.from({ length: 20 }, () => talk(port, get(PATH), '127.9.6.1')));
    for (const answer of all) answers.set(status(answer), (answers.get(status(answer)) ?? 0) + 1);
  }
  expect([made, answers.get(200), answers.get(429)]).toEqual([6, 6, 994]);
  expect(status(await talk(port, get(PATH), '127.9.6.2'))).toBe(200);
});
