/** Base32 by the standard's vectors, the check character by Syncthing's. */
import { describe, expect, it } from 'vitest';
import { base32, luhn32 } from '../../plugin/lib/base32.js';

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('writes "%s" as RFC 4648 does', (plain, encoded) => {
    expect(base32(Buffer.from(plain))).toBe(encoded);
  });
});

describe('luhn32', () => {
  it.each([
    ['AB725E4GHIQPL3ZFGT', 'G'],
    ['WG2IWWALPC2HZ', 'H'],
    ['KHQNO2S5QSILR', 'K'],
  ])('checks %s', (text, check) => {
    expect(luhn32(text)).toBe(check);
  });
});
