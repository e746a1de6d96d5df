/** Ranges of addresses: canonical, and the longest that an address is in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeList } from '../../plugin/lib/address.js';
import { canonicalPrefix, PrefixMap, readPrefix } from '../../plugin/routing/prefix.js';

describe('a range', () => {
  it('is written one way', () => {
    expect(readPrefix('10.1.2.0/24')).toBe('10.1.2.0/24');
    expect(readPrefix('FD00:0::1/64')).toBe('fd00::1/64');
    expect(readPrefix('::ffff:10.1.2.0/120')).toBe('10.1.2.0/24');
  });

  it('is none where it is everywhere, too long or no address', () => {
    for (const text of ['0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0', '10.0.0.0/x', 'name/8', 'fe80::1%e0/64', ''])
      expect(readPrefix(text)).toBeNull();
    expect(canonicalPrefix('10.0.0.0', 1.5)).toBeNull();
  });
});

const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 }));
const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 }));

describe('the longest range', () => {
  it('is found as by comparing all of them', () => {
    const ranges = fc.array(fc.oneof(v4, v6), { maxLength: 30 });
    fc.assert(
      fc.property(ranges, fc.oneof(fc.ipV4(), fc.ipV6()), (list, text) => {
        const [address = ''] = (canonicalPrefix(text, text.includes(':') ? 128 : 32) ?? '').split('/');
        const prefixes = list.flatMap(([from, length]) => canonicalPrefix(from, length) ?? []);
        // Half of them around the address, so that some fit.
        const near = list.flatMap(([, length]) => canonicalPrefix(address, length) ?? []);
        const all = [...prefixes, ...near];
        const map = new PrefixMap<number>();
        for (const prefix of all) map.set(prefix, lengthOf(prefix));
        const family = address.includes(':') ? 'ipv6' : 'ipv4';
        // Node finds IPv4 in ranges of IPv6, too.
        const own = all.filter((prefix) => prefix.includes(':') === address.includes(':'));
        const fitting = own.filter((prefix) => rangeList([prefix]).check(address, family));
        const longest = fitting.reduce<number | null>((most, prefix) => Math.max(most ?? 0, lengthOf(prefix)), null);
        expect(map.find(address)).toBe(longest);
      }),
    );
  });

  it('replaces a range that is there already', () => {
    const map = new PrefixMap<string>();
    map.set('10.1.2.3/24', 'one');
    map.set('10.1.2.0/24', 'other');
    expect(map.size).toBe(1);
    expect([map.get('10.1.2.9/24'), map.find('10.1.2.200'), map.find('10.1.3.1')]).toEqual(['other', 'other', null]);
  });
});

const lengthOf = (prefix: string) => Number(prefix.split('/')[1]);
