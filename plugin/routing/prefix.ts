/** Ranges of addresses, and the longest one that an address is in. */
import { isIPv4 } from 'node:net';
import { canonicalAddress } from '../lib/address.js';

/** IPv4 as a number, IPv6 as a big one. */
type Bits = number | bigint;

/** Of a canonical address. */
function toBits(address: string): Bits {
  if (isIPv4(address)) return toNumber(address);
  const [before, after] = address.split('::').map(groups);
  if (before === undefined || after === undefined) return join(before ?? []);
  const gap = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return join([...before, ...gap, ...after]);
}

const toNumber = (v4: string) => v4.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

/** Of IPv6, 16 bits each. The last two may be written as IPv4. */
function groups(text: string): number[] {
  return text === ''
    ? []
    : text.split(':').flatMap((group) => (isIPv4(group) ? halves(group) : Number.parseInt(group, 16)));
}

const halves = (v4: string) => [Math.floor(toNumber(v4) / 65_536), toNumber(v4) % 65_536];

const join = (list: readonly number[]) => list.reduce((sum, group) => (sum << 16n) + BigInt(group), 0n);

/** The first `length` bits. */
function head(bits: Bits, length: number): Bits {
  return typeof bits === 'number' ? Math.floor(bits / 2 ** (32 - length)) : bits >> BigInt(128 - length);
}

/**
 * The range in canonical form; null for what is none, and for everywhere (`0.0.0.0/0`): the way to wherever else tells
 * nothing of a provider.
 */
export function canonicalPrefix(address: string, length: number): string | null {
  const canonical = canonicalAddress(address);
  if (canonical === null) return null;
  // IPv4 in IPv6.
  const bits = isIPv4(canonical) && !isIPv4(address) ? length - 96 : length;
  const isLength = Number.isInteger(bits) && bits > 0 && bits <= (isIPv4(canonical) ? 32 : 128);
  return isLength ? `${canonical}/${bits}` : null;
}

/** The same of one text, `10.1.2.0/24`. */
export function readPrefix(text: string): string | null {
  const [address = '', length = ''] = text.split('/');
  return /^\d{1,3}$/.test(length) ? canonicalPrefix(address, Number(length)) : null;
}

/** Values by range: an address finds that of the longest range that it is in, in at most as many steps as it has bits. */
export class PrefixMap<T> {
  /** By length, the longest first, of each family. */
  readonly #lengths = { number: new Map<number, Map<Bits, T>>(), bigint: new Map<number, Map<Bits, T>>() };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param prefix in canonical form; one that is there already is replaced */
  set(prefix: string, value: T): void {
    const { values, key } = this.#place(prefix);
    if (!values.has(key)) this.#size += 1;
    values.set(key, value);
  }

  get(prefix: string): T | undefined {
    const { values, key } = this.#place(prefix);
    return values.get(key);
  }

  /** @param address in canonical form */
  find(address: string): T | null {
    const bits = toBits(address);
    const lengths = this.#lengths[typeof bits as 'number' | 'bigint'];
    for (let length = typeof bits === 'number' ? 32 : 128; length > 0; length--) {
      const found = lengths.get(length)?.get(head(bits, length));
      if (found !== undefined) return found;
    }
    return null;
  }

  #place(prefix: string): { readonly values: Map<Bits, T>; readonly key: Bits } {
    const [address = '', text = ''] = prefix.split('/');
    const [bits, length] = [toBits(address), Number(text)];
    const lengths = this.#lengths[typeof bits as 'number' | 'bigint'];
    const values = lengths.get(length) ?? new Map<Bits, T>();
    lengths.set(length, values);
    return { values, key: head(bits, length) };
  }
}
