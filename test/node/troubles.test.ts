/** Warnings before an announcement: addresses that no neighbour reaches, and ports on which nothing listens. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { addressTroubles, portTroubles } from '../../plugin/node/announce/troubles.js';
import { readRun } from '../../plugin/node/ports.js';

async function listen(host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0 });
  await once(server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

it.each([
  ['127.0.0.1', 'loopback'],
  ['127.64.3.2', 'loopback'],
  ['::1', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['169.254.7.7', 'link-local'],
  ['fe80::1', 'link-local'],
])('%s is reported as %s', (address, why) => {
  expect(addressTroubles(address)).toEqual([{ of: 'address', why }]);
});

it.each(['10.139.40.22', '172.16.1.1', '192.168.1.2', '8.8.8.8', 'fd00::1', '2001:db8::1'])('%s is fine', (address) => {
  expect(addressTroubles(address)).toEqual([]);
});

it('a port is checked on each transport', async () => {
  const port = await listen('0.0.0.0');
  const closed = { of: 'port', why: 'closed', transport: 'udp' };
  expect(await portTroubles(String(port), ['tcp'])).toEqual([]);
  expect(await portTroubles(String(port), ['udp', 'tcp'])).toEqual([closed]);
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  expect(await portTroubles(String(port), ['udp', 'tcp'])).toEqual([{ ...closed, why: 'loopback' }]);
});

it('the run of a listening program keeps one id', async () => {
  const port = await listen('127.0.0.1');
  const run = await readRun('127.0.0.1', port);
  expect(run).toMatch(/^[0-9a-f-]{36} \d+$/);
  expect(await readRun('localhost', port)).toBe(run);
  expect(await readRun('127.0.0.2', port)).toBeNull();
  const everywhere = await listen('0.0.0.0');
  expect(await readRun('127.0.0.1', everywhere)).toMatch(/^[0-9a-f-]{36} \d+$/);
  expect(await readRun('127.0.0.1', everywhere)).not.toBe(run);
});
