/**
 * The client's address: that of its connection, whatever a header says. Behind a proxy that the owner trusts
 * (`TRUSTED_PROXY`), it is the address that the proxy reports.
 */
import { type BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { rangeList } from '../../lib/address.js';

/** @param proxies ranges in CIDR form */
export function clientAddresses(proxies: readonly string[]): (request: FastifyRequest) => string {
  if (proxies.length === 0) return ({ ip }) => plain(ip ?? '');
  const trusted = rangeList(proxies);
  // Through a Unix socket there is no address.
  return ({ ip, headers }) => forwardedAddress(trusted, plain(ip ?? ''), headers['x-forwarded-for']);
}

/**
 * Each proxy appends the address of its own client; only what a trusted proxy has appended is believed. From the end, the
 * first address that is not a trusted proxy's is the client's. Anything that is not an address ends the search.
 */
function forwardedAddress(trusted: BlockList, connection: string, header: string | string[] | undefined): string {
  const hops = String(header ?? '').split(',');
  let address = connection;
  while (isTrusted(trusted, address)) {
    const previous = plain(withoutPort(hops.pop()?.trim() ?? ''));
    if (isIP(previous) === 0) break;
    address = previous;
  }
  return address;
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** One spelling for each address: without a zone, and IPv4 inside IPv6 as IPv4. */
function plain(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare;
}

/** Some proxies add the client's port: `10.0.0.1:4711`, `[fd00::1]:4711`. */
function withoutPort(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text) ?? [];
  return v6 ?? v4 ?? text;
}
