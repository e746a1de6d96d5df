/** One alert on its way: to servers that take it, refuse it, redirect it, hang and are gone. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { type Alert, Post } from '../../plugin/alerts/post.js';

const ALERT: Alert = {
  ...{
    event: 'failing',
    text: 'la-torre no respon',
    service: 'DNS',
    type: 'dnsservice',
    own: false,
    reason: 'timeout',
  },
  ...{
    misses: 3,
    at: '2026-11-20T10:00:00.000Z',
    provider: { id: 'a', node: 'la-torre', address: '10.1.2.3', port: 53 },
  },
};

interface Got {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** A server that keeps what it gets and answers as told; the address of the topic on it. */
async function listening(answer: (reply: ServerResponse, nth: number) => void) {
  const got: Got[] = [];
  server = createServer(async (request, reply) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method = '', url: path = '', headers } = request;
    answer(reply, got.push({ method, path, headers, body: JSON.parse(text) }));
  });
  server.listen(0, '127.93.1.1');
  await once(server, 'listening');
  return { got, url: `http://127.93.1.1:${(server.address() as AddressInfo).port}/` };
}

async function sent(url: string, kind: 'webhook' | 'ntfy' = 'webhook') {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const post = new Post({ url, kind, pauseMs: 1 });
  post.send(ALERT);
  await post.idle();
  const lines = said.mock.calls.map(String);
  said.mockRestore();
  return lines;
}

it('posts the whole alert to a webhook once, at its exact address', async () => {
  const { got, url } = await listening((reply) => reply.end());
  expect(await sent(`${url}hook/secret?key=x`)).toEqual([]);
  expect(got).toMatchObject([{ method: 'POST', path: '/hook/secret?key=x', body: ALERT }]);
  expect(got[0]?.headers['content-type']).toBe('application/json');
});

it('posts to ntfy at its root, with topic, title and text, also below a path and with a login', async () => {
  const { got, url } = await listening((reply) => reply.end('{}'));
  const tags = ['warning'];
  await sent(`${url}my%20topic`, 'ntfy');
  await sent(`${url.replace('//', '//anna:secret@')}below/topic/?auth=x`, 'ntfy');
  expect(got).toMatchObject([
    { path: '/', body: { topic: 'my topic', title: 'DNS', message: ALERT.text, tags } },
    { path: '/below/?auth=x', body: { topic: 'topic' } },
  ]);
  expect(got[1]?.headers.authorization).toBe(`Basic ${Buffer.from('anna:secret').toString('base64')}`);
});

it('retries once, then logs a line without the secret', async () => {
  const { got, url } = await listening((reply) => reply.writeHead(503).end());
  const lines = await sent(`${url}secret-topic`);
  expect(got).toHaveLength(2);
  expect(lines).toEqual([expect.stringContaining('it answered 503')]);
  expect(lines.join()).not.toContain('secret-topic');
});

it('stops after a successful retry', async () => {
  const { got, url } = await listening((reply, nth) => reply.writeHead(nth === 1 ? 500 : 200).end());
  expect(await sent(url)).toEqual([]);
  expect(got).toHaveLength(2);
});

it('follows no redirect', async () => {
  const { got, url } = await listening((reply) => reply.writeHead(302, { location: '/elsewhere' }).end());
  await sent(`${url}here`);
  expect(got.map(({ path }) => path)).toEqual(['/here', '/here']);
});

it('logs that the alert is lost where nothing listens', async () => {
  const { url } = await listening(() => {});
  server?.close();
  expect(await sent(url.replace('127.93.1.1', '127.93.1.2'))).toEqual([expect.stringContaining('ECONNREFUSED')]);
});

it('only logs a line where a host application’s address cannot be decoded', async () => {
  expect(await sent('https://ntfy.example/100%-topic', 'ntfy')).toEqual([expect.stringContaining('URI malformed')]);
});

it('does not delay closing, whatever the server does', async () => {
  const { got, url } = await listening(() => {});
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const post = new Post({ url, kind: 'webhook' });
  for (let index = 0; index < 50; index++) post.send(ALERT);
  await vi.waitFor(() => expect(got).toHaveLength(20));
  await post.close();
  expect(got).toHaveLength(20);
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
});

it('gives up after five seconds without an answer', async () => {
  const timeouts = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
  const { url } = await listening(() => {});
  const lines = await sent(url);
  expect(timeouts).toHaveBeenCalledWith(5_000);
  expect(lines).toEqual([expect.stringContaining('nothing within 5 s')]);
  timeouts.mockRestore();
});
