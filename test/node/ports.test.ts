/** The state of a port: from this kernel's list of real sockets, and from lists of other machines. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listening, readListening } from '../../plugin/node/ports.js';

async function tcp(host: string, ipv6Only = false): Promise<number> {
  const server = createServer().listen({ host, port: 0, ipv6Only });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function udp(host: string): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4').bind(0, host);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

describe('a port', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.9.8.7', 'loopback'],
    ['0.0.0.0', 'open'],
    ['::', 'open'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
  ])('listened on at %s is %s, over TCP and over UDP', async (host, expected) => {
    expect(await listening(await tcp(host), 'tcp')).toBe(expected);
    expect(await listening(await udp(host), 'udp')).toBe(expected);
  });

  it('open on the other transport only is closed', async () => {
    const port = await tcp('0.0.0.0');
    expect(await listening(port, 'udp')).toBe('closed');
  });

  it('is open if one of several sockets is, and closed once nobody listens', () => {
    const line = (address: string, state = '0A') =>
      `   0: ${address}:0035 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1`;
    const all = ['  sl  local_address', line('0100007F'), line('16288B0A')].join('\n');
    expect(readListening(all, 53, 'tcp')).toBe('open');
    expect(readListening(line('0100007F'), 53, 'tcp')).toBe('loopback');
    expect(readListening(line('16288B0A', '01'), 53, 'tcp')).toBe('closed');
    expect(readListening(all, 54, 'tcp')).toBe('closed');
    expect(readListening('garbage\n', 53, 'tcp')).toBe('closed');
  });

  it('of an outgoing connection is not a service', () => {
    const line = '   0: 16288B0A:0035 0101A8C0:0050 07 00000000:00000000 00:00000000 00000000     0        0 1 1';
    expect(readListening(line, 53, 'udp')).toBe('closed');
  });
});
