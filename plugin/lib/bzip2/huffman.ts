/** The Huffman codes of the bzip2 decoder. */
import { type Bits, malformed } from './bits.js';

export const MAX_CODE_LENGTH = 20;

/**
 * A canonical Huffman code: codes of one length are consecutive. Per length, `bound` is the first 20-bit window beyond its
 * codes, and `offset` maps a code to its place in `symbols`.
 */
export interface Table {
  readonly shortest: number;
  readonly bound: readonly number[];
  readonly offset: readonly number[];
  readonly symbols: readonly number[];
}

/** Code length of each symbol while a table is being read. */
const LENGTHS = new Uint8Array(258);

/** Reads the table of a block with `size` symbols (at most 258). */
export function readTable(input: Bits, size: number): Table {
  const count = readLengths(input, size);
  const bound = [0];
  const offset = [0];
  /** Where the next symbol of each length goes. */
  const place = [0];
  let code = 0;
  for (let length = 1, total = 0; length <= MAX_CODE_LENGTH; length++) {
    code *= 2;
    offset.push(code - total);
    place.push(total);
    total += count[length] as number;
    code += count[length] as number;
    bound.push(code << (MAX_CODE_LENGTH - length));
  }
  // A sentinel beyond every window: a code that is in no table maps to no symbol.
  bound.push(1 << MAX_CODE_LENGTH);
  offset.push(size);
  const symbols = new Array<number>(size);
  for (let symbol = 0; symbol < size; symbol++) {
    const length = LENGTHS[symbol] as number;
    const next = place[length] as number;
    symbols[next] = symbol;
    place[length] = next + 1;
  }
  return { shortest: bound.findIndex((beyond) => beyond > 0), bound, offset, symbols };
}

/** Fills LENGTHS, delta coded on the wire: 0 = next symbol, 10 = longer, 11 = shorter. @returns the count of each length */
function readLengths(input: Bits, size: number): number[] {
  const count = new Array<number>(MAX_CODE_LENGTH + 1).fill(0);
  let length = input.take(5);
  for (let symbol = 0; symbol < size; ) {
    if (length < 1 || length > MAX_CODE_LENGTH) throw malformed('a code length is not 1 to 20');
    const step = input.peek() >>> 18;
    if (step < 2) {
      input.skip(1);
      LENGTHS[symbol++] = length;
      count[length] = (count[length] as number) + 1;
    } else {
      input.skip(2);
      length += step === 2 ? 1 : -1;
    }
  }
  return count;
}
