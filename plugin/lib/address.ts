/** Literal addresses, written in one way. */
import { isIP, SocketAddress } from 'node:net';

/**
 * The one way to write a literal address: IPv6 shortened and lower case, IPv4 inside IPv6 as IPv4.
 * Null for names (never looked up on a stranger's behalf) and for addresses with a zone.
 */
export function canonicalAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0 || text.includes('%')) return null;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}
