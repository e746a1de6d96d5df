/** Literal addresses, alone and with a port, each written in one way. */
import { isIP, isIPv6, SocketAddress } from 'node:net';

/**
 * The address in its one canonical form: IPv6 shortened and lower case, IPv4 inside IPv6 as IPv4.
 * Null for names (never looked up on a stranger's behalf) and for addresses with a zone.
 */
export function canonicalAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0 || text.includes('%')) return null;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/** `10.1.2.3:53`, `[fd00::1]:53`, `node.example:53`. */
export function joinHostPort(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
