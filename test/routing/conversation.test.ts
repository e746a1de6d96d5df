/** Asking over a socket: programs that behave, refuse, hang, say too much and stop half way. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { ANSWER_CAP } from '../../plugin/routing/conversation.js';
import babeld from '../../plugin/routing/daemons/babeld.js';
import olsrd from '../../plugin/routing/daemons/olsrd.js';

/** A program that does this with each connection. @returns its place */
async function program(serve: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const never = () => new AbortController().signal;
const GREETING = 'BABEL 1.0\nversion babeld-1.12.1\nhost node\nmy-id 08:cf:06:10:da:d5:c8:62\nok\n';
const ROUTE =
  'add route 1 prefix 10.0.0.1/32 from 0.0.0.0/0 installed yes id 02:aa metric 96 refmetric 0 via fe80::1 if e0\n';

it('waits for the greeting, sends one request, and takes the answer in whatever pieces it comes', async () => {
  const requests: string[] = [];
  const place = await program((socket) => {
    socket.on('data', (request) => {
      requests.push(request.toString());
      for (const letter of `${ROUTE.repeat(3)}ok\n`) socket.write(letter);
    });
    socket.write(GREETING.slice(0, 20));
    setImmediate(() => socket.write(GREETING.slice(20)));
  });
  const answer = await babeld.ask(place, never());
  expect([...babeld.routes(answer)]).toHaveLength(3);
  expect(requests).toEqual(['dump\n']);
});

it('ends with the signal where a program says nothing', async () => {
  const stop = new AbortController();
  const place = await program(() => stop.abort());
  await expect(babeld.ask(place, stop.signal)).rejects.toThrow('no answer in time');
  await expect(babeld.ask(place, AbortSignal.abort())).rejects.toThrow('no answer in time');
});

it('reads no more than the cap of an answer that does not end', async () => {
  const piece = Buffer.alloc(1 << 20, '{');
  let sent = 0;
  const place = await program((socket) => {
    const pour = () => {
      while (!socket.destroyed && socket.write(piece)) sent += piece.length;
    };
    socket.on('drain', pour);
    pour();
  });
  await expect(olsrd.ask(place, never())).rejects.toThrow('larger than 8 MiB');
  expect(sent).toBeLessThan(4 * ANSWER_CAP);
});

it('says why there is no answer: refused, hung up at once, or in the middle', async () => {
  const place = await program((socket) => socket.destroy());
  await expect(babeld.ask(place, never())).rejects.toThrow();
  const half = await program((socket) => socket.end(GREETING.slice(0, 30)));
  await expect(babeld.ask(half, never())).rejects.toThrow('before the end');
  await expect(babeld.ask({ path: '/nowhere/socket' }, never())).rejects.toThrow('ENOENT');
  const { server, closed } = { server: createServer(), closed: { host: '127.0.0.1', port: 0 } };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closed.port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  await expect(olsrd.ask(closed, never())).rejects.toThrow('ECONNREFUSED');
});
