/** The decoder against data that Go's own compress/lzw wrote, and against damage. */
import { describe, expect, it } from 'vitest';
import { lzwDecode } from '../../plugin/lib/lzw.js';
import { lzwEncode } from './lzw-encoder.js';

/** Body of an ack that a real agent (Serf 0.9.4, plain, over TCP) sent compressed. */
const REAL = Buffer.from('0005083a05254c1e366fc29001566a4a99384ede1c0808', 'hex');

describe('lzwDecode', () => {
  it('decodes what a real agent compressed', () => {
    expect(lzwDecode(REAL, 1_000).toString('latin1')).toBe('\x02\x82\xa7Payload\xc0\xa5SeqNo\x07');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte over and over, where each code is used the moment it is made', Buffer.alloc(5_000, 'a')],
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    [
      'more sequences than the table holds',
      Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * i * 7 + (i >> 3)) & 0xff)),
    ],
  ])('gives back %s', (_, data) => {
    expect(lzwDecode(lzwEncode(data), 100_000).equals(data)).toBe(true);
  });

  it('stops at the limit', () => {
    expect(() => lzwDecode(lzwEncode(Buffer.alloc(5_000)), 4_999)).toThrow(RangeError);
  });

  it.each([
    ['an end that is missing', REAL.subarray(0, -2)],
    ['a code that nothing defined', Buffer.of(0xff, 0xff, 0xff)],
    ['nothing at all', Buffer.alloc(0)],
  ])('refuses %s', (_, data) => {
    expect(() => lzwDecode(data, 1_000)).toThrow(RangeError);
  });
});
