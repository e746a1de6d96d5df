/** LZW as Go's compress/lzw writes it with least significant bit first and 8-bit literals: what memberlist compresses with. */

const CLEAR = 256;
const END = 257;
const FIRST_WIDTH = 9;
const MAX_WIDTH = 12;

/** @throws RangeError when the data is not LZW, or is longer than `limit` bytes once decoded. */
export function lzwDecode(packed: Uint8Array, limit: number): Buffer {
  const codes = codeReader(packed);
  const output: number[] = [];
  // The sequence of each code from 258 on: the code that it extends, and the byte that it adds.
  let prefix: number[] = [];
  let suffix: number[] = [];
  let width = FIRST_WIDTH;
  let last = -1;

  for (let code = codes(width); code !== END; code = codes(width)) {
    if (code === CLEAR) {
      [prefix, suffix, width, last] = [[], [], FIRST_WIDTH, -1];
      continue;
    }
    const next = END + 1 + prefix.length;
    if (code > next || (code === next && last < 0)) throw new RangeError('not LZW data');
    // A code that is only now being defined extends the last sequence by that sequence's own first byte.
    const sequence = expand(code < next ? code : last, prefix, suffix);
    const [first = 0] = sequence;
    if (code === next) sequence.push(first);
    if (output.length + sequence.length > limit) throw new RangeError('too large once decoded');
    output.push(...sequence);
    if (last >= 0 && next < 1 << MAX_WIDTH) {
      prefix.push(last);
      suffix.push(first);
      if (next + 1 >= 1 << width && width < MAX_WIDTH) width += 1;
    }
    last = code;
  }
  return Buffer.from(output);
}

function expand(code: number, prefix: readonly number[], suffix: readonly number[]): number[] {
  const bytes: number[] = [];
  let at = code;
  for (; at > END; at = prefix[at - END - 1] ?? 0) bytes.push(suffix[at - END - 1] ?? 0);
  bytes.push(at);
  return bytes.reverse();
}

/** Reads codes of a given width, least significant bit first. */
function codeReader(packed: Uint8Array): (width: number) => number {
  let bits = 0;
  let held = 0;
  let at = 0;
  return (width) => {
    while (held < width) {
      const byte = packed[at];
      if (byte === undefined) throw new RangeError('LZW data ends too early');
      bits |= byte << held;
      held += 8;
      at += 1;
    }
    const code = bits & ((1 << width) - 1);
    bits >>>= width;
    held -= width;
    return code;
  };
}
