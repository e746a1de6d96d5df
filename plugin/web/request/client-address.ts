/**
 * Where a request comes from: the address of its connection, whatever a header says. Where the connection is that of a proxy
 * which the owner has named (`TRUSTED_PROXY`), what that proxy says of its client.
 */
import { type BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { rangeList } from '../../lib/address.js';

/** @param proxies ranges in CIDR form */
export function clientAddresses(proxies: readonly string[]): (request: FastifyRequest) => string {
  if (proxies.length === 0) return ({ ip }) => plain(ip ?? '');
  const named = rangeList(proxies);
  // Through a Unix socket there is no address.
  return ({ ip, headers }) => nearest(named, plain(ip ?? ''), headers['x-forwarded-for']);
}

/**
 * Each proxy adds at the end of the header whom it was asked by; only what a named proxy has added is believed. From the
 * end, the first address that is no named proxy's is the client's. What is no address ends the search.
 */
function nearest(named: BlockList, connection: string, header: string | string[] | undefined): string {
  const hops = String(header ?? '').split(',');
  let address = connection;
  while (isNamed(named, address)) {
    const before = plain(withoutPort(hops.pop()?.trim() ?? ''));
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

function isNamed(named: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && named.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** One spelling for each address: without its zone, and as IPv4 where it is that within IPv6. */
function plain(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare;
}

/** Some proxies add the client's port: `10.0.0.1:4711`, `[fd00::1]:4711`. */
function withoutPort(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text) ?? [];
  return v6 ?? v4 ?? text;
}
