/** LZW as Go's compress/lzw writes it, least significant bit first with 8-bit literals: memberlist's compression. */

const CLEAR = 256;
const END = 257;
const FIRST_WIDTH = 9;
const MAX_WIDTH = 12;
const MAX_CODES = 1 << MAX_WIDTH;

/**
 * Time and memory grow with the packed data and with `limit`, and with nothing else.
 * @throws RangeError when the data is not LZW, or is longer than `limit` bytes once decoded.
 */
export function lzwDecode(packed: Uint8Array, limit: number): Buffer {
  const codes = codeReader(packed);
  const output = Buffer.allocUnsafe(limit);
  const table = new Table(output);
  let length = 0;
  let width = FIRST_WIDTH;
  let last = -1;

  for (let code = codes(width); code !== END; code = codes(width)) {
    if (code === CLEAR) {
      table.clear();
      [width, last] = [FIRST_WIDTH, -1];
      continue;
    }
    const { next } = table;
    if (code > next || (code === next && last < 0)) throw new RangeError('not LZW data');
    // A code that is being defined just now extends the last sequence by that sequence's own first byte.
    const start = length;
    length = table.expand(code < next ? code : last, length);
    const first = output[start] ?? 0;
    if (code === next) length = append(output, length, first);
    if (last >= 0 && next < MAX_CODES) {
      table.add(last, first);
      if (next + 1 >= 1 << width && width < MAX_WIDTH) width += 1;
    }
    last = code;
  }
  return output.subarray(0, length);
}

/** The sequence of each code from 258 on: the code it extends, the byte it adds, and its length. */
class Table {
  readonly #output: Buffer;
  readonly #prefix = new Uint16Array(MAX_CODES);
  readonly #suffix = new Uint8Array(MAX_CODES);
  readonly #length = new Uint16Array(MAX_CODES);
  /** The next code to be defined. */
  next = END + 1;

  constructor(output: Buffer) {
    this.#output = output;
  }

  clear(): void {
    this.next = END + 1;
  }

  add(prefix: number, suffix: number): void {
    this.#prefix[this.next] = prefix;
    this.#suffix[this.next] = suffix;
    this.#length[this.next] = this.sequenceLength(prefix) + 1;
    this.next += 1;
  }

  sequenceLength(code: number): number {
    return code > END ? (this.#length[code] ?? 0) : 1;
  }

  /** Writes the code's sequence at `at`, from its last byte to its first. @returns where it ends */
  expand(code: number, at: number): number {
    const end = at + this.sequenceLength(code);
    if (end > this.#output.length) throw tooLarge();
    let left = code;
    for (let place = end - 1; place > at; place -= 1) {
      this.#output[place] = this.#suffix[left] ?? 0;
      left = this.#prefix[left] ?? 0;
    }
    this.#output[at] = left;
    return end;
  }
}

function append(output: Buffer, at: number, byte: number): number {
  if (at >= output.length) throw tooLarge();
  output[at] = byte;
  return at + 1;
}

const tooLarge = () => new RangeError('too large once decoded');

/** Reads codes of a given width, least significant bit first. */
function codeReader(packed: Uint8Array): (width: number) => number {
  let bits = 0;
  let pending = 0;
  let at = 0;
  return (width) => {
    while (pending < width) {
      const byte = packed[at];
      if (byte === undefined) throw new RangeError('LZW data ends too early');
      bits |= byte << pending;
      pending += 8;
      at += 1;
    }
    const code = bits & ((1 << width) - 1);
    bits >>>= width;
    pending -= width;
    return code;
  };
}
