/** Tags as nodes write them, without the bzip2 program: one block, one Huffman table. `test/real/` compares it with bzip2. */

/** The value of the tag of a node that announces these. */
export function writeTag(entries: readonly unknown[] | string): string {
  return bzip2(Buffer.from(typeof entries === 'string' ? entries : JSON.stringify(entries))).toString('base64');
}

/** @param data less than 700 kB, so that it is one block; sorting takes n log n steps */
export function bzip2(data: Uint8Array): Buffer {
  const bits: string[] = [];
  const put = (value: number, width: number) => bits.push(value.toString(2).padStart(width, '0'));
  for (const byte of Buffer.from('BZh9')) put(byte, 8);
  const sum = checksum(data);
  if (data.length > 0) putBlock(put, data, sum);
  put(0x177245, 24);
  put(0x385090, 24);
  put(sum, 32);
  const stream = bits.join('');
  return Buffer.from(stream.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)) ?? []);
}

type Put = (value: number, width: number) => void;

function putBlock(put: Put, data: Uint8Array, sum: number): void {
  const { last, origin } = sortRotations(shortenRuns(data));
  const used = [...new Set(last)].sort((a, b) => a - b);
  const end = used.length + 1;
  const symbols = [...moveToFront(last, used), end];
  put(0x314159, 24);
  put(0x265359, 24);
  put(sum, 32);
  put(0, 1);
  put(origin, 24);
  putUsed(put, used);
  // Two tables are the fewest that there may be; every group of 50 symbols uses the first.
  const groups = Math.ceil(symbols.length / 50);
  put(2, 3);
  put(groups, 15);
  for (let group = 0; group < groups; group++) put(0, 1);
  const { short, shorter } = lengths(end + 1);
  for (let table = 0; table < 2; table++) putLengths(put, end + 1, short, shorter);
  for (const symbol of symbols) {
    if (symbol < shorter) put(symbol, short);
    else put(symbol + shorter, short + 1);
  }
}

/** A map of the map: which sixteens of the 256 bytes occur, then which bytes of each of them. */
function putUsed(put: Put, used: readonly number[]): void {
  const sixteens = Array.from({ length: 16 }, (_, at) => used.filter((byte) => byte >> 4 === at).map((b) => b & 15));
  const map = (set: readonly number[]) => set.reduce((bits, at) => bits | (0x8000 >> at), 0);
  put(map(sixteens.flatMap((bytes, at) => (bytes.length > 0 ? [at] : []))), 16);
  for (const bytes of sixteens) if (bytes.length > 0) put(map(bytes), 16);
}

/** The canonical code in which the first `shorter` of `count` symbols have `short` bits and the others one more. */
function lengths(count: number): { short: number; shorter: number } {
  const short = Math.floor(Math.log2(count));
  return { short, shorter: 2 ** (short + 1) - count };
}

/** The first length, then each as steps from the one before: `10` is one longer, `0` the end of the steps. */
function putLengths(put: Put, count: number, short: number, shorter: number): void {
  put(shorter > 0 ? short : short + 1, 5);
  for (let symbol = 0; symbol < count; symbol++) {
    if (symbol === shorter && shorter > 0) put(0b10, 2);
    put(0, 1);
  }
}

/** Four equal bytes are followed by how many more there are, up to 251. */
function shortenRuns(data: Uint8Array): number[] {
  const out: number[] = [];
  for (let at = 0; at < data.length; ) {
    const byte = data[at] as number;
    let length = 1;
    while (length < 255 && data[at + length] === byte) length++;
    for (let copy = 0; copy < Math.min(length, 4); copy++) out.push(byte);
    if (length >= 4) out.push(length - 4);
    at += length;
  }
  return out;
}

/** Burrows–Wheeler by prefix doubling: the last column of the sorted rotations, and the row that is the data itself. */
function sortRotations(data: readonly number[]): { last: number[]; origin: number } {
  const { length } = data;
  let ranks: readonly number[] = data;
  let order = sortByRank(
    data.map((_, at) => at),
    ranks,
  );
  for (let width = 1; width < length; width *= 2) {
    // Sorted by their second half, and then, which keeps that, by their first.
    order = sortByRank(
      order.map((at) => (at + length - width) % length),
      ranks,
    );
    ranks = rank(order, ranks, width);
  }
  return { last: order.map((at) => data[(at + length - 1) % length] as number), origin: order.indexOf(0) };
}

/** Stable, in as many steps as there are. */
function sortByRank(order: readonly number[], ranks: readonly number[]): number[] {
  const next = new Array<number>(Math.max(257, ranks.length + 1)).fill(0);
  for (const rank of ranks) next[rank + 1] = (next[rank + 1] as number) + 1;
  for (let rank = 1; rank < next.length; rank++) next[rank] = (next[rank] as number) + (next[rank - 1] as number);
  const sorted = new Array<number>(order.length).fill(0);
  for (const at of order) {
    const rank = ranks[at] as number;
    const place = next[rank] as number;
    next[rank] = place + 1;
    sorted[place] = at;
  }
  return sorted;
}

/** By position: how many different beginnings of twice the width come before. */
function rank(order: readonly number[], ranks: readonly number[], width: number): number[] {
  const { length } = order;
  const next = new Array<number>(length).fill(0);
  for (let row = 1; row < length; row++) {
    const [before, at] = [order[row - 1] as number, order[row] as number];
    const isSame = ranks[before] === ranks[at] && ranks[(before + width) % length] === ranks[(at + width) % length];
    next[at] = (next[before] as number) + (isSame ? 0 : 1);
  }
  return next;
}

/** Distances to the byte's last use; runs of zeros as numbers in the digits 1 and 2, lowest first (symbols 0 and 1). */
function moveToFront(column: readonly number[], used: readonly number[]): number[] {
  const recent = [...used];
  const symbols: number[] = [];
  let zeros = 0;
  const endRun = () => {
    for (; zeros > 0; zeros = (zeros - 1) >> 1) symbols.push((zeros - 1) & 1);
  };
  for (const byte of column) {
    const at = recent.indexOf(byte);
    if (at === 0) zeros++;
    else {
      endRun();
      symbols.push(at + 1);
      recent.unshift(...recent.splice(at, 1));
    }
  }
  endRun();
  return symbols;
}

/** CRC-32 from the highest bit on, of the data before its runs are shortened. */
function checksum(data: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of data) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000_0000 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return ~sum >>> 0;
}
