/** Base32 (RFC 4648, without padding) and its check character: how keys become readable names. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Upper case, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    for (pending += 8; pending >= 5; pending -= 5) text += ALPHABET.charAt((bits >> (pending - 5)) & 31);
    bits &= (1 << pending) - 1;
  }
  return pending > 0 ? text + ALPHABET.charAt((bits << (5 - pending)) & 31) : text;
}

/**
 * Check character of base32 text: "Luhn mod 32" with factors from the left, as Syncthing computes it.
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
