/** Where a request comes from: of a header, only what a named proxy has added is believed. */
import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { PanelError } from '../../plugin/model/errors.js';
import { clientAddresses } from '../../plugin/web/request/client-address.js';

const readProxies = (value: string) =>
  loadConfig({ env: { CLOUDY_SERVICES_TRUSTED_PROXY: value }, file: '' }).trustedProxy;

/** @param ip of the connection; undefined through a Unix socket */
function from(proxies: string, ip: string | undefined, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return clientAddresses(readProxies(proxies))({ ip, headers } as unknown as FastifyRequest);
}

describe('the client’s address', () => {
  type Case = [proxies: string, connection: string | undefined, header: string | undefined, is: string, where: string];

  it.each<Case>([
    ['', '127.0.0.1', '10.0.0.1', '127.0.0.1', 'no proxy is named'],
    ['127.0.0.1', '10.0.0.7', '10.0.0.1', '10.0.0.7', 'the connection is not the proxy’s'],
    ['127.0.0.1', '127.0.0.1', undefined, '127.0.0.1', 'the proxy says nothing'],
    ['127.0.0.1', '127.0.0.1', '10.0.0.1', '10.0.0.1', 'the proxy names its client'],
    ['127.0.0.1', '::ffff:127.0.0.1', '10.0.0.1', '10.0.0.1', 'the connection is IPv4 within IPv6'],
    ['127.0.0.1', '127.0.0.1', '10.9.9.9, 10.0.0.1', '10.0.0.1', 'the client claims another'],
    ['127.0.0.1,10.0.0.0/24', '127.0.0.1', '10.9.9.9,10.1.1.1,10.0.0.3', '10.1.1.1', 'there are two proxies'],
    ['127.0.0.1 10.0.0.0/24', '127.0.0.1', '10.0.0.4, 10.0.0.3', '10.0.0.4', 'a proxy asks for itself'],
    ['127.0.0.1', '127.0.0.1', '127.0.0.1, unknown', '127.0.0.1', 'it says a word'],
    ['127.0.0.1', '127.0.0.1', '10.0.0.1,', '127.0.0.1', 'it ends with nothing'],
    ['127.0.0.1', '127.0.0.1', '10.0.0.1:4711', '10.0.0.1', 'it adds the port'],
    ['127.0.0.1', '127.0.0.1', '[FD00::1]:4711', 'fd00::1', 'it adds the port to IPv6'],
    ['127.0.0.1', '127.0.0.1', 'fd00::1', 'fd00::1', 'the client has IPv6'],
    ['fd00::/64', 'fd00::9', '10.0.0.1', '10.0.0.1', 'the proxy has IPv6'],
    ['::1', '::1', '::ffff:10.0.0.1', '10.0.0.1', 'it writes IPv4 as IPv6'],
    ['127.0.0.1', undefined, '10.0.0.1', '', 'it came through a Unix socket'],
    ['127.0.0.1', '127.0.0.1', '1.2.3.4\r\nx', '127.0.0.1', 'it has a line break'],
    ['127.0.0.1', '127.0.0.1', ','.repeat(16_000), '127.0.0.1', 'it is all commas'],
    ['127.0.0.1', '127.0.0.1', '127.0.0.1,'.repeat(1_500), '127.0.0.1', 'it names the proxy again and again'],
  ])('TRUSTED_PROXY=%s, connection %s, header %.40j: %s, where %s', (proxies, ip, forwarded, expected) => {
    expect(from(proxies, ip, forwarded)).toBe(expected);
  });
});

describe('TRUSTED_PROXY', () => {
  it('accepts addresses and ranges', () => {
    expect(readProxies('127.0.0.1, ::1 10.0.0.0/24')).toEqual(['127.0.0.1/32', '::1/128', '10.0.0.0/24']);
    expect(readProxies('')).toEqual([]);
  });

  it.each(['proxy.example', '10.0.0.1/33', '10.0.0.1:80', '0.0.0.0/0', '::/0', 'all'])('refuses %s', (value) => {
    expect(() => readProxies(value)).toThrow(PanelError);
    expect(() => readProxies(value)).toThrow(/^TRUSTED_PROXY=.*expected/);
  });
});
