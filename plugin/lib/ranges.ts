/** Ranges of addresses. */
import { BlockList, isIP } from 'node:net';

/** What guifi.net, Freifunk and their like use: RFC 1918, shared address space (RFC 6598) and IPv6 unique local. */
export const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'] as const;

/**
 * Address ranges in CIDR form as a list to check against.
 * @throws Error naming the range that is not one.
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
