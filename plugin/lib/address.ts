/** Literal addresses: their one canonical form, with a port, and ranges of them. */
import { BlockList, isIP, isIPv6, SocketAddress } from 'node:net';

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

/** What community networks use: RFC 1918, shared address space (RFC 6598) and IPv6 unique local. */
export const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'] as const;

/**
 * Ranges in CIDR notation as a list to check addresses against.
 * @throws Error naming the text that is not a range
 */
export function rangeList(list: readonly string[]): BlockList {
  const block = new BlockList();
  for (const range of list) {
    const [address = '', bits = ''] = range.split('/');
    const family = isIP(address);
    const widest = family === 6 ? 128 : 32;
    if (family === 0 || !/^\d+$/.test(bits) || Number(bits) > widest)
      throw new Error(`expected a range such as 10.0.0.0/8 in place of ${range}`);
    block.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  }
  return block;
}
