/** Base32 (RFC 4648, without padding) and the check character that is used with it: how keys become names people can read. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Upper case, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    for (held += 8; held >= 5; held -= 5) text += ALPHABET.charAt((bits >> (held - 5)) & 31);
    bits &= (1 << held) - 1;
  }
  return held > 0 ? text + ALPHABET.charAt((bits << (5 - held)) & 31) : text;
}

/**
 * Check character over base32 text, "Luhn mod 32" with the factors from the left, as Syncthing computes it.
 * https://github.com/syncthing/syncthing/blob/main/lib/protocol/luhn.go
 */
export function luhn32(text: string): string {
  let sum = 0;
  for (const [index, character] of [...text].entries()) {
    const addend = ALPHABET.indexOf(character) * (index % 2 === 0 ? 1 : 2);
    sum += Math.floor(addend / 32) + (addend % 32);
  }
  return ALPHABET.charAt((32 - (sum % 32)) % 32);
}
