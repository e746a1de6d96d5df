/** Which addresses may be probed: those of the community, never one that reaches many machines or none. */
import { type BlockList, isIPv4 } from 'node:net';
import { PRIVATE_RANGES, rangeList } from '../lib/address.js';

/** This host, link-local, multicast, reserved and broadcast. */
const NEVER = ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'fe80::/10', 'ff00::/8'];

/**
 * The check for one configuration.
 * @param ranges as configured; null = private ranges
 * @param loopback whether loopback counts as private: only where the whole community is on this machine
 */
export function createAddressCheck(ranges: readonly string[] | null, loopback: boolean): (address: string) => boolean {
  const community = new Ranges(ranges ?? [...PRIVATE_RANGES, ...(loopback ? ['127.0.0.0/8'] : [])]);
  const never = new Ranges(NEVER);
  return (address) => community.has(address) && !never.has(address);
}

/** IPv4 by plain numbers, because thousands are checked again with each change; IPv6 by Node's list. */
class Ranges {
  readonly #v4: readonly { readonly from: number; readonly size: number }[];
  readonly #v6: readonly string[];
  /** Made for the first IPv6 address: it takes Node some milliseconds, and many communities have none. */
  #v6List: BlockList | null = null;

  constructor(ranges: readonly string[]) {
    const isV4 = (range: string) => isIPv4(range.split('/')[0] ?? '');
    this.#v6 = ranges.filter((range) => !isV4(range));
    this.#v4 = ranges.filter(isV4).map((range) => {
      const [address = '', bits] = range.split('/');
      const size = 2 ** (32 - Number(bits));
      return { from: Math.floor(toNumber(address) / size) * size, size };
    });
  }

  has(address: string): boolean {
    if (address.includes(':')) {
      this.#v6List ??= rangeList(this.#v6);
      return this.#v6List.check(address, 'ipv6');
    }
    const number = toNumber(address);
    return this.#v4.some(({ from, size }) => number >= from && number < from + size);
  }
}

function toNumber(address: string): number {
  let sum = 0;
  for (const part of address.split('.')) sum = sum * 256 + Number(part);
  return sum;
}
