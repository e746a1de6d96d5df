/**
 * bzip2 decompression for tiny inputs from strangers: memory follows the output, never the block size in the header,
 * and expansion stops at the caller's cap, so a small input cannot grow into gigabytes.
 * Format: https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf
 */

import { Bits, Bzip2Error, malformed, Output, tooLarge } from './bits.js';
import { MAX_CODE_LENGTH, readTable, type Table } from './huffman.js';

export { Bzip2Error };

/** `BZh` */
const STREAM = 0x425a68;
const BLOCK = 0x314159265359;
const END = 0x177245385090;
/** Symbols decoded with one Huffman table before the next selector. */
const GROUP = 50;

/**
 * The uncompressed bytes of one or more bzip2 streams; what follows the last stream is ignored, as bzip2 does.
 * @param limit most bytes to return
 * @throws Bzip2Error `malformed` (also for a wrong checksum and for the obsolete randomised blocks), `too-large`
 */
export function decompress(bytes: Uint8Array, limit: number): Uint8Array {
  const input = new Bits(bytes);
  const output = new Output(limit);
  do readStream(input, output);
  while (input.alignedAt(STREAM));
  return output.written();
}

function readStream(input: Bits, output: Output): void {
  if (input.take(24) !== STREAM) throw malformed('it does not begin with BZh');
  const level = input.take(8) - 0x30;
  if (level < 1 || level > 9) throw malformed('its block size is not 1 to 9');
  let combined = 0;
  for (;;) {
    const magic = input.take(24) * 0x1000000 + input.take(24);
    const crc = input.take32();
    if (magic === END) {
      if (crc !== combined >>> 0) throw malformed('the checksum of the stream is wrong');
      return;
    }
    if (magic !== BLOCK) throw malformed('a block does not begin with its mark');
    readBlock(input, output, level * 100_000);
    if (output.endBlock() !== crc) throw malformed('the checksum of a block is wrong');
    combined = ((combined << 1) | (combined >>> 31)) ^ crc;
  }
}

function readBlock(input: Bits, output: Output, blockSize: number): void {
  if (input.take(1) === 1) throw malformed('randomised blocks are not supported');
  const origin = input.take(24);
  const used = readUsedBytes(input);
  const tableCount = input.take(3);
  if (tableCount < 2 || tableCount > 6) throw malformed('its number of code tables is not 2 to 6');
  const selectors = readSelectors(input, tableCount);
  const tables: Table[] = [];
  while (tables.length < tableCount) tables.push(readTable(input, used.length + 2));
  const cells = readCells(input, used, selectors, tables, new Room(output.room(), blockSize));
  if (origin >= cells.length) throw malformed('the origin lies outside its block');
  expand(cells, origin, output);
}

/** The byte values that occur in the block, ascending. On the wire: 16 bits for the rows of 16 values, then each used row. */
function readUsedBytes(input: Bits): Uint8Array {
  const rows = input.take(16);
  const used: number[] = [];
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const values = input.take(16);
    for (let value = 0; value < 16; value++) if (values & (0x8000 >> value)) used.push(row * 16 + value);
  }
  if (used.length === 0) throw malformed('a block uses no byte');
  return Uint8Array.from(used);
}

/** The table of each group of symbols; on the wire move-to-front coded in unary. */
function readSelectors(input: Bits, tableCount: number): number[] {
  const count = input.take(15);
  if (count === 0) throw malformed('a block has no selector');
  const recent = Uint8Array.of(0, 1, 2, 3, 4, 5);
  const selectors: number[] = [];
  while (selectors.length < count) {
    let rank = 0;
    while (input.take(1) === 1) if (++rank >= tableCount) throw malformed('a selector names no table');
    selectors.push(toFront(recent, rank));
  }
  return selectors;
}

/** Moves the value of that rank to the front, and returns it. */
function toFront(list: Uint8Array, rank: number): number {
  const value = list[rank] as number;
  list.copyWithin(1, 0, rank);
  list[0] = value;
  return value;
}

/** Largest size of a block, bytes. */
class Room {
  readonly size: number;
  readonly #blockSize: number;

  constructor(outputRoom: number, blockSize: number) {
    // Four equal bytes may be followed by a count of 0, so a block is at most 5/4 of its expansion.
    this.size = Math.min(blockSize, Math.ceil(outputRoom * 1.25));
    this.#blockSize = blockSize;
  }

  exceeded(): Bzip2Error {
    return this.size < this.#blockSize ? tooLarge() : malformed('a block is longer than its stream allows');
  }
}

/** Working memory, reused for the next block: tags come by the thousand, and memory outside of the heap is freed late. */
let scratch = new Uint32Array(2048);
/** Largest that is reused, cells. */
const SCRATCH_CAP = 32_768;

/**
 * Undoes Huffman, run lengths and move-to-front. The result is the last column of the sorted rotations (Burrows-Wheeler),
 * one byte per cell. Symbols 0 and 1 are the digits (bijective base 2, lowest first) of a run of the front byte; the highest symbol
 * ends the block.
 */
function readCells(input: Bits, used: Uint8Array, selectors: number[], tables: Table[], room: Room): Uint32Array {
  const end = used.length + 1;
  let cells = scratch;
  let length = 0;
  let run = 0;
  let digit = 1;
  for (const selector of selectors) {
    const { shortest, bound, offset, symbols } = tables[selector] as Table;
    for (let left = GROUP; left > 0; left--) {
      const window = input.peek();
      let bits = shortest;
      while (window >= (bound[bits] as number)) bits++;
      input.skip(bits);
      const symbol = symbols[(window >>> (MAX_CODE_LENGTH - bits)) - (offset[bits] as number)];
      if (symbol === undefined) throw malformed('a code is in no table');
      if (symbol <= 1) {
        run += digit << symbol;
        digit *= 2;
        if (run > room.size) throw room.exceeded();
        continue;
      }
      if (length + run + 1 > cells.length) cells = grow(cells, length + run + 1);
      if (run > 0) {
        cells.fill(used[0] as number, length, length + run);
        length += run;
        run = 0;
        digit = 1;
      }
      if (length > room.size) throw room.exceeded();
      if (symbol === end) return cells.subarray(0, length);
      cells[length++] = toFront(used, symbol - 1);
    }
  }
  throw malformed('a block does not end');
}

function grow(cells: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(needed * 2);
  larger.set(cells);
  if (larger.length <= SCRATCH_CAP) scratch = larger;
  return larger;
}

/** Undoes the sorting: stores the index of the next cell in the upper 24 bits of each. */
function link(cells: Uint32Array): void {
  const places = new Array<number>(256).fill(0);
  for (let at = 0; at < cells.length; at++) (places[cells[at] as number] as number)++;
  for (let byte = 0, sum = 0; byte < 256; byte++) {
    sum += places[byte] as number;
    places[byte] = sum - (places[byte] as number);
  }
  for (let at = 0; at < cells.length; at++) {
    const byte = (cells[at] as number) & 255;
    const place = places[byte] as number;
    places[byte] = place + 1;
    cells[place] = (cells[place] as number) | (at << 8);
  }
}

/** Follows the links from the origin and undoes the first run lengths: a count follows four equal bytes. */
function expand(cells: Uint32Array, origin: number, output: Output): void {
  link(cells);
  let cell = cells[(cells[origin] as number) >>> 8] as number;
  let previous = -1;
  let equal = 0;
  for (let left = cells.length; left > 0; left--) {
    const byte = cell & 255;
    cell = cells[cell >>> 8] as number;
    if (equal === 4) {
      output.repeat(previous, byte);
      equal = 0;
      previous = -1;
      continue;
    }
    equal = byte === previous ? equal + 1 : 1;
    previous = byte;
    output.append(byte);
  }
}
