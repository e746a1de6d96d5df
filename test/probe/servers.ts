/** Real sockets on loopback for the probes, each on its own address, closed when the test is over. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { ProbeContext, Target } from '../../plugin/probe/index.js';
import { quietPort } from '../ports.js';

let addresses = 0;

/** An address of 127/8 that no other test of this process, nor of another one at the same time, uses. */
export function ownAddress(): string {
  const [net, at] = [Math.floor(addresses / 250), 1 + (addresses % 250)];
  addresses += 1;
  // Of the third numbers each process has its own, and another one for each 250 addresses more.
  return `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 50) + 50 * net}.${at}`;
}

/** A target without announcement. */
export function target(of: { address: string; port: number }, more: Partial<Target> = {}): Target {
  return { ...of, node: 'node1', txt: new Map(), ...more };
}

export function context(signal: AbortSignal = new AbortController().signal): ProbeContext & {
  readonly traffic: { sent: number; received: number };
} {
  return { signal, traffic: { sent: 0, received: 0 } };
}

/** Accepts and runs the given work; without any, accepts and stays silent. */
export async function tcpServer(talk: (socket: Socket) => void = () => {}, address = ownAddress()): Promise<Target> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
    talk(socket);
  });
  return served(server, address);
}

export interface UdpFrom {
  readonly datagram: Buffer;
  /** The asker's. */
  readonly port: number;
  reply(datagram: Uint8Array): void;
}

/** Hears datagrams; without telling it stays silent. */
export async function udpServer(
  hear: (from: UdpFrom) => void = () => {},
  { address = ownAddress(), port = quietPort() }: { address?: string; port?: number } = {},
): Promise<Target> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram, { address, port }) =>
    hear({ datagram, port, reply: (answer) => socket.send(answer, port, address) }),
  );
  socket.bind(port, address);
  await once(socket, 'listening');
  onTestFinished(() => new Promise<void>((done) => socket.close(done)));
  return target({ address, port: socket.address().port });
}

/** Key and certificate of `test/fixtures/tls`. */
export function certificate(name: 'one' | 'two' | 'rsa'): { key: string; cert: string } {
  const pem = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'tls', `${name}.pem`), 'utf8');
  return { key: pem, cert: pem };
}

export async function tlsServer(options: TlsOptions = {}): Promise<Target> {
  const server = createTlsServer({ ...certificate('one'), ...options }, (socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  server.on('tlsClientError', () => {});
  return served(server, ownAddress());
}

/** Answers each request with the given work. */
export async function webServer(answer: RequestListener, address = ownAddress()): Promise<Target> {
  return served(createHttpServer(answer), address);
}

/** A web server with its default page for every request, as on a port where no service was set up. */
export function startPage(): Promise<Target> {
  return webServer((_, response) => {
    response.setHeader('Server', 'Apache/2.4.62 (Debian)');
    response.setHeader('Content-Type', 'text/html');
    response.end('<html><head><title>Apache2 Debian Default Page: It works</title></head></html>');
  });
}

/** A port that nobody listens on, neither TCP nor UDP. */
export async function closedPort(): Promise<Target> {
  const address = ownAddress();
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return target({ address, port });
}

/**
 * A host that drops everything: its listener is a stopped process with a full queue, so that the kernel answers no SYN,
 * and UDP is heard by nobody. `wake` lets it go on.
 */
export async function deadHost(): Promise<Target & { wake(): void }> {
  const address = ownAddress();
  const listen = `require('net').createServer().listen({port:0,host:'${address}',backlog:1},function(){console.log(this.address().port)})`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  child.kill('SIGSTOP');
  await fillQueue(address, port);
  await udpServer(() => {}, { address, port });
  return { ...target({ address, port }), wake: () => void child.kill('SIGCONT') };
}

/** Connects until nothing is accepted any more: the queue of a stopped listener is then full. */
async function fillQueue(address: string, port: number): Promise<void> {
  for (;;) {
    const socket = connectTcp({ host: address, port });
    socket.on('error', () => {});
    onTestFinished(async () => {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    });
    const accepted = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(AbortSignal.timeout(150), 'abort').then(() => false),
    ]);
    if (!accepted) return;
  }
}

/** Sockets that this process holds, of each kind: what a probe must leave as it was. */
export function heldSockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCPSocket|UDP|TLS|Connect)/.test(name));
}

/** The same, once what was closed before is really gone: the system tells two turns of the event loop later. */
export async function settledSockets(): Promise<string[]> {
  await setImmediate();
  await setImmediate();
  return heldSockets();
}

async function served(server: Server, address: string): Promise<Target> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(quietPort(), address);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return target({ address, port: (server.address() as AddressInfo).port });
}
